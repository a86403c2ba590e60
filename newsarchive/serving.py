"""How gunicorn serves the site; its settings are names in this module."""

import os

from gunicorn.http import message

# A query of 1,000 Chinese characters takes 9,000 bytes in an address, gunicorn at most 8,190. What
# is longer than that shall be answered by our pages, which say so.
message.MAX_REQUEST_LINE = 1_000_000
limit_request_line = 999_999

# A proxy on this machine may pass on what its clients made up: SCRIPT_NAME would change addresses.
forwarder_headers = ""

bind = ":".join([os.environ.get("NEWSARCHIVE_BIND", "127.0.0.1"), os.environ.get("PORT", "8000")])
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = 2
max_requests = 5_000
max_requests_jitter = 500
loglevel = "warning"
