"""A real HTTP server on loopback that speaks the OpenAI chat completions and the Anthropic messages protocol, as told by a script."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ModelServer:
    """Answers each POST with the next step of `script`; the last one is repeated. A step is a text (the model's answer) or one of

    {"status": 429, "headers": {...}}    an error of the protocol (or a redirect)
    {"hang": seconds}                    accepts the request and stays silent
    {"drip": text, "pause": seconds}     streams a few letters at a time

    `requests` holds what arrived: path, headers (names in lower case) and the JSON body. Context manager.
    """

    def __init__(self, *script):
        self.script, self.requests, self.closing = list(script), [], threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):  # noqa: N802 (http.server's name)
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.requests.append(
                    {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
                )
                step = outer.script.pop(0) if len(outer.script) > 1 else outer.script[0]
                try:
                    outer.answer(self, step, body)
                except OSError:
                    pass  # the client has gone, which some tests want
                self.close_connection = True

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def answer(self, handler, step, body):
        if isinstance(step, dict) and "hang" in step:
            self.closing.wait(step["hang"])
        elif isinstance(step, dict) and "status" in step:
            data = json.dumps({"error": {"type": "error", "message": f"told to say {step['status']}"}}).encode()
            handler.send_response(step["status"])
            for name, value in step.get("headers", {}).items():
                handler.send_header(name, value)
            handler.send_header("content-type", "application/json")
            handler.send_header("content-length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        else:
            text, pause = (step["drip"], step["pause"]) if isinstance(step, dict) else (step, 0)
            anthropic = handler.path.endswith("/messages")
            stream = body.get("stream")
            handler.send_response(200)
            handler.send_header("content-type", "text/event-stream" if stream else "application/json")
            handler.send_header("connection", "close")
            handler.end_headers()
            if not stream:
                handler.wfile.write(json.dumps(whole_anthropic(text) if anthropic else whole_openai(text)).encode())
                return
            for name, event in (events_anthropic if anthropic else events_openai)(text):
                handler.wfile.write((f"event: {name}\n" if name else "").encode() + f"data: {event}\n\n".encode())
                handler.wfile.flush()
                if pause and self.closing.wait(pause):
                    return


def pieces(text):
    return [text[start : start + 40] for start in range(0, len(text), 40)]


def whole_openai(text):
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": "test",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
    }


def events_openai(text):
    for piece in pieces(text):
        yield None, json.dumps(
            {
                "id": "c1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "test",
                "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}],
            }
        )
    yield None, json.dumps(
        {
            "id": "c1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "test",
            "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
        }
    )
    yield None, "[DONE]"


def whole_anthropic(text):
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "test",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def events_anthropic(text):
    start = whole_anthropic("") | {"content": [], "stop_reason": None}
    yield "message_start", json.dumps({"type": "message_start", "message": start})
    yield "content_block_start", json.dumps(
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    )
    for piece in pieces(text):
        yield "content_block_delta", json.dumps(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
        )
    yield "content_block_stop", json.dumps({"type": "content_block_stop", "index": 0})
    yield "message_delta", json.dumps(
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 1}}
    )
    yield "message_stop", json.dumps({"type": "message_stop"})
