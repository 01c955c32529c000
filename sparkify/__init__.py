"""A lake of JSON in, a star schema out: `sparkify.pipeline.run(source, warehouse)`."""
