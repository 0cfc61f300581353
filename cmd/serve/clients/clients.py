"""Calls a running server with the clients that people have, unmodified, and checks every answer.

    pip install -r cmd/serve/clients/requirements.txt
    python cmd/serve/clients/clients.py triton http://127.0.0.1:8080 127.0.0.1:8081 inception/digits/samples
    python cmd/serve/clients/clients.py kserve http://127.0.0.1:8080 127.0.0.1:8081 inception/digits/samples

The two define the same messages and don't go into one process. The server must serve the digits network as "digits". `make clients` does all of this.
"""

import asyncio
import io
import pathlib
import sys
from importlib.metadata import version

import numpy as np
from PIL import Image

checks = 0


def check(ok, what):
    global checks
    checks += 1
    if not ok:
        sys.exit(f"clients.py: wrong: {what}")


def samples(folder):
    """The pictures of digits: name, bytes, what the network reads, the answer that is right for it."""
    for path in sorted(pathlib.Path(folder).glob("*.png")):
        pixels = np.asarray(Image.open(path).convert("L"))
        yield path.name, path.read_bytes(), (pixels.astype(np.float32) / 255)[None, None], pixels[None, None], 7 if path.name == "3a.png" else int(path.name[0])  # which the network takes for a 7


def refused(call, *statuses):
    from tritonclient.utils import InferenceServerException
    try:
        call()
    except InferenceServerException as e:
        check(any(s in str(e.status()) for s in statuses), f"status {e.status()} is none of {statuses}: {e}")
        check(len(e.message()) > 20, f"a reason that people understand: {e.message()!r}")
        return
    check(False, f"{statuses} expected, the request was answered")


def triton(make, client, all_samples, numeric):
    """What both of Triton's clients do alike."""
    check(client.is_server_live() and client.is_server_ready() and client.is_model_ready("digits"), "live and ready")
    check(client.is_model_ready("digits", "1") and not client.is_model_ready("nonesuch"), "ready, by version and name")
    first = None
    for name, png, x, pixels, digit in all_samples:
        i = make.InferInput("input", list(x.shape), "FP32")
        i.set_data_from_numpy(x)
        scores = client.infer("digits", [i]).as_numpy("fc")
        check(scores.shape == (1, 10) and scores.argmax() == digit, f"{name}: {scores}")
        if first is None:
            first = (png, x, pixels, scores, digit)
        h = make.InferInput("input", list(x.shape), "FP16")
        h.set_data_from_numpy(x.astype(np.float16))
        check(client.infer("digits", [h]).as_numpy("fc").argmax() == digit, f"{name} in FP16")
        u = make.InferInput("input", list(pixels.shape), "UINT8")
        u.set_data_from_numpy(pixels)
        check(np.array_equal(client.infer("digits", [u]).as_numpy("fc"), scores), f"{name} in UINT8")
        b = make.InferInput("input", [1], "BYTES")
        b.set_data_from_numpy(np.array([png], dtype=np.object_))
        check(np.array_equal(client.infer("digits", [b]).as_numpy("fc"), scores), f"{name} as a PNG file")
    png, x, pixels, scores, digit = first
    i = make.InferInput("input", [5, 1, 28, 28], "FP32")
    i.set_data_from_numpy(np.repeat(x, 5, axis=0))
    many = client.infer("digits", [i], request_id="five").as_numpy("fc")
    check(many.shape == (5, 10) and np.allclose(many, scores, rtol=1e-4, atol=1e-4), "a batch of five")
    i = make.InferInput("input", list(x.shape), "FP32")
    i.set_data_from_numpy(x)
    top = client.infer("digits", [i], outputs=[make.InferRequestedOutput("fc", class_count=3)]).as_numpy("fc")
    value, index, label = top[0][0].decode().split(":")
    check(top.shape == (1, 3) and int(index) == digit and label == str(digit) and abs(float(value) - scores.max()) < 1e-4, f"classes: {top}")
    wrong = make.InferInput("input", [1, 3, 28, 28], "FP32")
    wrong.set_data_from_numpy(np.zeros([1, 3, 28, 28], np.float32))
    refused(lambda: client.infer("digits", [wrong]), *numeric("invalid"))
    refused(lambda: client.infer("nonesuch", [i]), *numeric("missing"))
    text = make.InferInput("input", [1], "BYTES")
    text.set_data_from_numpy(np.array([b"no picture"], dtype=np.object_))
    refused(lambda: client.infer("digits", [text]), *numeric("invalid"))
    client.unload_model("digits")
    check(not client.is_model_ready("digits"), "unloaded")
    refused(lambda: client.infer("digits", [i]), *numeric("missing"))
    client.load_model("digits")
    check(client.is_model_ready("digits"), "loaded again")
    check(np.array_equal(client.infer("digits", [i]).as_numpy("fc"), scores), "the same answer after loading again")
    refused(lambda: client.load_model("../etc"), *numeric("missing"))


def triton_over_http(url, all_samples):
    import tritonclient.http as triton_http
    with triton_http.InferenceServerClient(url.removeprefix("http://")) as client:
        check(client.get_server_metadata()["name"] == "inceptiongl", "the server's name")
        check("binary_tensor_data" in client.get_server_metadata()["extensions"], "extensions")
        about = client.get_model_metadata("digits")
        check(about["inputs"][0] == {"name": "input", "datatype": "FP32", "shape": [-1, 1, 28, 28]}, about)
        check(any(m["name"] == "digits" and m["state"] == "READY" for m in client.get_model_repository_index()), "the index")
        numeric = {"invalid": ("400",), "missing": ("404", "400")}
        triton(triton_http, client, all_samples, numeric.__getitem__)
        _, png, x, _, digit = all_samples[0]
        scores = None
        for binary_in, binary_out in ((False, False), (False, True), (True, False), (True, True)):
            for packing in (None, "gzip", "deflate"):
                i = triton_http.InferInput("input", [40, 1, 28, 28], "FP32")
                i.set_data_from_numpy(np.repeat(x, 40, axis=0), binary_data=binary_in)
                o = triton_http.InferRequestedOutput("fc", binary_data=binary_out)
                y = client.infer("digits", [i], outputs=[o], request_compression_algorithm=packing,
                                 response_compression_algorithm=packing).as_numpy("fc")
                check(y.shape == (40, 10) and (y.argmax(axis=1) == digit).all(), f"binary {binary_in} {binary_out}, {packing}")
                scores = y if scores is None else scores
                check(np.allclose(y, scores, rtol=1e-4, atol=1e-4), "the ways differ")
        result = client.infer("digits", [i], request_id="my-id").get_response()
        check(result["id"] == "my-id" and result["model_name"] == "digits" and result["model_version"] == "1", result)
        jpeg = io.BytesIO()
        Image.open(io.BytesIO(png)).save(jpeg, "JPEG", quality=95)
        webp = io.BytesIO()
        Image.open(io.BytesIO(png)).save(webp, "WEBP", lossless=True)
        for data in (jpeg.getvalue(), webp.getvalue(), png):
            b = triton_http.InferInput("input", [1, 1], "BYTES")
            b.set_data_from_numpy(np.array([[data]], dtype=np.object_))
            check(client.infer("digits", [b]).as_numpy("fc").argmax() == digit, "a JPEG, a WebP, a PNG")


def triton_over_grpc(address, all_samples):
    import tritonclient.grpc as triton_grpc
    with triton_grpc.InferenceServerClient(address) as client:
        check(client.get_server_metadata().name == "inceptiongl", "the server's name")
        about = client.get_model_metadata("digits")
        check(list(about.inputs[0].shape) == [-1, 1, 28, 28] and about.inputs[0].datatype == "FP32", about)
        check(any(m.name == "digits" and m.state == "READY" for m in client.get_model_repository_index().models), "the index")
        numeric = {"invalid": ("INVALID_ARGUMENT",), "missing": ("NOT_FOUND",)}
        triton(triton_grpc, client, all_samples, numeric.__getitem__)


async def kserve_clients(url, address, all_samples):
    from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
    rest = InferenceRESTClient(RESTConfig(protocol="v2"))
    check(await rest.is_server_live(url) and await rest.is_server_ready(url) and await rest.is_model_ready(url, "digits"), "kserve: ready")
    grpc = InferenceGRPCClient(address)
    check(await grpc.is_server_live() and await grpc.is_server_ready() and await grpc.is_model_ready("digits"), "kserve over gRPC: ready")
    for name, png, x, _, digit in all_samples:
        for binary in (False, True):
            i = InferInput("input", list(x.shape), "FP32")
            i.set_data_from_numpy(x, binary_data=binary)
            y = (await rest.infer(url, InferRequest("digits", [i]), model_name="digits")).outputs[0].as_numpy()
            check(y.shape == (1, 10) and y.argmax() == digit, f"kserve, {name}, binary {binary}: {y}")
            y = (await grpc.infer(InferRequest("digits", [i]))).outputs[0].as_numpy()
            check(y.shape == (1, 10) and y.argmax() == digit, f"kserve over gRPC, {name}, binary {binary}: {y}")
    try:
        i = InferInput("input", [1, 2, 28, 28], "FP32")
        i.set_data_from_numpy(np.zeros([1, 2, 28, 28], np.float32))
        await rest.infer(url, InferRequest("digits", [i]), model_name="digits")
        check(False, "kserve: a wrong shape was answered")
    except Exception as e:
        check("400" in str(e) and "is needed" in str(e), f"kserve's error: {e}")
    await grpc.close()
    await rest.close()


def main():
    which, url, address, folder = sys.argv[1:]
    all_samples = list(samples(folder))
    check(len(all_samples) == 20, f"{len(all_samples)} samples")
    if which == "triton":
        triton_over_http(url, all_samples)
        triton_over_grpc(address, all_samples)
    else:
        asyncio.run(kserve_clients(url, address, all_samples))
    package = {"triton": "tritonclient"}.get(which, which)
    print(f"{package} {version(package)}, over HTTP and gRPC: {checks} checks passed")


main()
