#!/usr/bin/env python3
"""Measures `fake-node serve`: the time to its first answer, requests per second, and the memory of 10,000 Pods.

    cargo build --release --package pod-lifecycle-fake-node
    scripts/measure-serve.py [PROGRAM] [PODS]

The server has one processor (0), the client another.
"""
import json
import os
import re
import socket
import subprocess
import sys
import time

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "target/release/fake-node"
PODS = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
PORT = 18_080


class Connection:
    """An HTTP connection that is kept open."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", PORT))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, method, path, body=b"", kind="application/json"):
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)

    def answer(self):
        """Returns the status code and the body."""
        while b"\r\n\r\n" not in self.rest:
            self.read()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE).group(1))
        while len(self.rest) < length:
            self.read()
        body, self.rest = self.rest[:length], self.rest[length:]
        return int(head.split(b" ", 2)[1]), body

    def read(self):
        chunk = self.socket.recv(1 << 20)
        if not chunk:
            raise ConnectionError
        self.rest += chunk

    def ask(self, *request):
        self.send(*request)
        return self.answer()


def start(nodes):
    return subprocess.Popen(
        ["taskset", "-c", "0", PROGRAM, "serve", "--listen", f"127.0.0.1:{PORT}", "--nodes", str(nodes)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def first_answer():
    """Returns the milliseconds from the start of the process until a list shows the node as ready."""
    begun = time.monotonic()
    server = start(1)
    try:
        while True:
            try:
                code, body = Connection().ask("GET", "/api/v1/nodes")
            except (ConnectionError, OSError):
                time.sleep(0.0005)
                continue
            items = json.loads(body)["items"] if code == 200 else []
            conditions = items[0]["status"].get("conditions", []) if items else []
            if any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
                return (time.monotonic() - begun) * 1000
    finally:
        server.terminate()
        server.wait()


def resident(server):
    with open(f"/proc/{server.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def pod(number, scheduler="default-scheduler"):
    return json.dumps({"metadata": {"name": f"pod-{number}", "labels": {"app": "many"}}, "spec": {
        "schedulerName": scheduler, "containers": [{"name": "app", "image": "nginx"}]}}).encode()


def connect():
    while True:
        try:
            return Connection()
        except OSError:
            time.sleep(0.01)


def server_alone():
    """Prints the memory of the API server with Pods that no node has, then with a change of each and three events."""
    server = start(1)
    try:
        connection = connect()
        time.sleep(0.5)
        empty = resident(server)
        for number in range(PODS):
            connection.ask("POST", "/api/v1/namespaces/default/pods", pod(number, "none"))
        stored = resident(server)
        label = json.dumps({"metadata": {"labels": {"x": "y"}}}).encode()
        for number in range(PODS):
            path = f"/api/v1/namespaces/default/pods/pod-{number}"
            connection.ask("PATCH", path, label, "application/merge-patch+json")
        for number in range(3 * PODS):
            connection.ask("POST", "/api/v1/namespaces/default/events", json.dumps({
                "metadata": {"name": f"event-{number}"}, "involvedObject": {"kind": "Pod", "name": "pod"},
                "reason": "Started", "message": "Container created", "type": "Normal"}).encode())
        print(f"the server alone with {PODS} Pods: {stored - empty:.0f} MB more than empty, with a change of each and "
              f"{3 * PODS} events {resident(server) - empty:.0f} MB")
    finally:
        server.terminate()
        server.wait()




def count_running(connection):
    _, body = connection.ask("GET", "/api/v1/pods")
    return body.count(b'"phase":"Running"')


def rate(connection, seconds, request):
    """Returns answered requests per second, one after another on one connection."""
    done, begun = 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        code, _ = connection.ask(*request(done))
        assert code < 300, code
        done += 1
    return done / (time.monotonic() - begun)


def main():
    times = sorted(first_answer() for _ in range(11))
    print(f"first list of a ready node: {times[5]:.0f} ms after the start of the process (median of 11)")
    server_alone()
    server = start(max(1, PODS // 1000))
    try:
        connection = connect()
        time.sleep(0.5)
        empty = resident(server)
        path = "/api/v1/namespaces/default/configmaps"
        made = rate(connection, 2, lambda number: ("POST", path, json.dumps(
            {"metadata": {"name": f"map-{number}"}, "data": {"a": "b"}}).encode()))
        read = rate(connection, 2, lambda number: ("GET", f"{path}/map-0"))
        patched = rate(connection, 2, lambda number: ("PATCH", f"{path}/map-0", json.dumps(
            {"data": {"a": str(number)}}).encode(), "application/merge-patch+json"))
        print(f"requests per second on one processor: {made:.0f} creates, {read:.0f} gets, {patched:.0f} merge patches")
        begun = time.monotonic()
        for number in range(PODS):
            code, body = connection.ask("POST", "/api/v1/namespaces/default/pods", pod(number))
            assert code == 201, body
        created = time.monotonic() - begun
        while count_running(connection) < PODS and time.monotonic() - begun < 300:
            time.sleep(1)
        ready = time.monotonic() - begun
        time.sleep(5)
        print(f"{PODS} Pods: created in {created:.1f} s, running after {ready:.1f} s, {resident(server):.0f} MB resident "
              f"({empty:.0f} MB before)")
    finally:
        server.terminate()
        server.wait()


main()
