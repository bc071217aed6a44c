"""A gRPC server of Debian's python3-grpcio with the health protocol, by hand: grpc_server.py PORT FILE [CERTIFICATE KEY]

FILE holds, as JSON, the status of each service; a text in place of a number is an error of that name, and no FILE a
server without the protocol. It is read for each check.
"""

import json
import pathlib
import sys
from concurrent import futures

import grpc


def main(port, file, *pair):
    def check(request, context):
        service = request[2:].decode() if request else ""
        if request and (request[0] != 0x0A or request[1] != len(request) - 2):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not a HealthCheckRequest")
        statuses = json.loads(pathlib.Path(file).read_text())
        if service not in statuses:
            context.abort(grpc.StatusCode.NOT_FOUND, f"unknown service: {service} 100%")
        status = statuses[service]
        if isinstance(status, str):
            context.abort(grpc.StatusCode[status], "as told: é")
        return bytes([0x08, status]) if status else b""

    server = grpc.server(futures.ThreadPoolExecutor(4))
    if pathlib.Path(file).exists():
        handler = grpc.unary_unary_rpc_method_handler(check)
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": handler})])
    if pair:
        certificate, key = (pathlib.Path(name).read_bytes() for name in pair)
        server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([(key, certificate)]))
    else:
        server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
