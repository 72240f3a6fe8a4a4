"""A hub of one repository on this machine, which records what is taken from it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "some-owner/some-model"
SMALL = ("config.json", "vocab.json", "preprocessor_config.json", "merges.txt")
CLUTTER = (
    "README.md",
    "adapter.deu.safetensors",
    "model.fp32-00001-of-00002.safetensors",
    "model.fp32.safetensors.index.json",
    "flax_model.msgpack",
    "onnx/config.json",
    "onnx/model.onnx",
)
INDEX = "model.safetensors.index.json"
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
OLD_INDEX = "pytorch_model.bin.index.json"
OLD_SHARDS = ("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")


def content_of(name, model_type):
    """Return what a file of the hub holds."""
    if name == "config.json":
        return json.dumps({"model_type": model_type}).encode()
    if name in (INDEX, OLD_INDEX):
        shards = SHARDS if name == INDEX else OLD_SHARDS
        return json.dumps({"weight_map": dict(zip("ab", shards, strict=True))}).encode()
    opening = "\x80" if name.endswith(".bin") else ""  # of a pickle
    return f'{opening}{{"name": "{name}"}}'.encode("latin-1")


class FakeHub:
    """Serves one repository as the hub does, and records which of its files are taken.

    Attributes:
        names: files of the repository.
        model_type: in its config.json.
        taken: names of the files whose content was sent, in order.
        endpoint: address of the server.
    """

    def __init__(self):
        self.names, self.model_type, self.taken = [], "wav2vec2", []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                self._answer()

            def do_GET(self):
                self._answer()

            def log_message(self, *_):
                pass

            def _answer(self):
                path = unquote(urlsplit(self.path).path)
                name = path.partition(f"/{NAME}/resolve/{COMMIT}/")[2]
                if path.startswith(f"/api/models/{NAME}"):
                    self._send(json.dumps(hub.api(path)).encode(), "application/json")
                elif name in hub.names:
                    if self.command == "GET":
                        hub.taken.append(name)
                    self._send(content_of(name, hub.model_type), "application/octet-stream")
                else:
                    self.send_response(404)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def _send(self, body, kind):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("ETag", f'"{hash(body) & 0xFFFFFFFF:x}"')
                self.send_header("X-Repo-Commit", COMMIT)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def api(self, path):
        """Return what the hub says of the repository, or of the tree of its files."""
        if "/tree/" in path:
            return [
                {
                    "type": "file",
                    "path": name,
                    "size": len(content_of(name, self.model_type)),
                    "oid": "0" * 40,
                }
                for name in self.names
            ]
        siblings = [{"rfilename": name} for name in self.names]
        return {"id": NAME, "modelId": NAME, "sha": COMMIT, "siblings": siblings, "tags": []}

    def close(self):
        self._server.shutdown()
        self._server.server_close()
