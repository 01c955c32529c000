"""The lake: which objects exist, and their bytes. Knows no SQL and no JSON.

objects    what an object, a listing and a lake are; what a location has to do
folder     a location in the file system
s3         a location in S3
uris       how a location in S3 is named
access     how S3 is reached: the settings of both its clients
listing    the listing of a bucket, checked
fetching   objects of S3, fetched ahead
forks      S3 after a fork
aws_errors the errors of AWS, as ours
aws        the AWS session for everything of ours
locations  from the settings to the locations of songs and events
part       the objects that a caller has named, found without listing the others
"""
