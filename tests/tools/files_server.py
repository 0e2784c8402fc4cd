"""files_server.py FOLDER FILE - serves a folder on a free port of 127.0.0.1, writes the port to FILE, and there, a
line each, who came: the path of the request and its Host."""
import functools, http.server, os, sys

folder, told = sys.argv[1], sys.argv[2]


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        with open(told + ".log", "a") as log:
            log.write(f"{self.path} {self.headers.get('Host')}\n")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
with open(told + ".new", "w") as out:
    out.write(str(server.server_port))
os.rename(told + ".new", told)
server.serve_forever()
