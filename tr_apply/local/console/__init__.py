"""The console: a page at `/` where a person sees the contact centre at work and can take part in it.

`GET /` answers a browser, `/_console/` holds the files of the page and the data that the API lacks, read-only. Every
change that the page makes is a request to the API under `/v1`, or to the control of the test world.
"""
