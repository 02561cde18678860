# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""weft-run on shared libraries: python3 weft_run_test.py WEFT-RUN FOLDER, the folder of the hand-written fake-*.so."""
import base64
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
import zlib

import numpy as np

try:
    import PIL.Image
except ImportError:
    PIL = None

RUN, LIBRARIES = sys.argv[1], pathlib.Path(sys.argv[2])

# 6 x 8 pixels of red 200, green 100, blue 50, as a JPEG.
JPEG = base64.b64decode("""
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoK
CgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoK
CgoKCgoKCgr/wAARCAAIAAYDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUF
BAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW
V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi
4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAEC
AxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVm
Z2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq
8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDPooor+Vz+2D//2Q==""")


def png(pixels):
    """An 8-bit RGB PNG of an array [height, width, 3]."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class WeftRun(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.random = np.random.default_rng(1)

    def run_it(self, model, *arguments):
        return subprocess.run([RUN, LIBRARIES / f"fake-{model}.so", *map(str, arguments)], capture_output=True, text=True,
                              timeout=60)

    def result(self, model, *arguments):
        out = self.folder / "y.npy"
        done = self.run_it(model, *arguments, "--output", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        return np.load(out)

    def refused(self, text, model, *arguments, code=1):
        done = self.run_it(model, *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(text, done.stderr)

    def write(self, name, contents):
        (self.folder / name).write_bytes(contents)
        return self.folder / name

    def test_runs_a_library(self):
        x = self.random.standard_normal((64, 1000)).astype(np.float32)
        np.save(self.folder / "x.npy", x)
        expected = 2 * x + np.arange(1000, dtype=np.float32)
        np.testing.assert_array_equal(self.result("dense", "--input", self.folder / "x.npy", "--verify"), expected)

    def test_archives(self):
        x = self.random.standard_normal((64, 1000)).astype(np.float32)
        expected = 2 * x + np.arange(1000, dtype=np.float32)
        for save in (np.savez, np.savez_compressed):
            save(self.folder / "a.npz", x=x, other=np.zeros(3))
            np.testing.assert_array_equal(self.result("dense", "--input", self.folder / "a.npz"), expected)
        np.savez(self.folder / "g.npz", indptr=[0, 0, 1, 2, 3], indices=[0, 1, 2], part=[0, 0, 1, 1])
        inputs = [f"--input={port}={self.folder}/g.npz" for port in ("g.indptr", "g.indices", "part")]
        np.testing.assert_array_equal(self.result("graph", *inputs, "--size", "G=2"), [1, 2])

    def test_bad_archives(self):
        x = np.zeros((64, 1000), np.float32)
        np.savez_compressed(self.folder / "a.npz", x=x)
        whole = (self.folder / "a.npz").read_bytes()
        for _ in range(200):
            bad = bytearray(whole)
            for _ in range(4):
                bad[self.random.integers(len(bad))] = self.random.integers(256)
            done = self.run_it("dense", "--input", self.write("bad.npz", bytes(bad)))
            self.assertIn(done.returncode, (0, 1))
        self.refused("is a damaged .npz archive", "dense", "--input", self.write("cut.npz", whole[:-30]))
        np.savez(self.folder / "b.npz", a=x, b=x)
        self.refused("has 2 arrays, none of them called `x`", "dense", "--input", self.folder / "b.npz")
        with zipfile.ZipFile(self.folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as bomb:
            bomb.writestr("x.npy", bytes(50 << 20))
        self.refused("more than `x` can take", "dense", "--input", self.folder / "bomb.npz")

    def test_pictures(self):
        pixels = self.random.integers(0, 256, (8, 6, 3), np.uint8)
        picture = self.write("p.png", png(pixels))
        mean, std = np.array([0.5, 0.25, 0.125], np.float32), np.array([0.5, 2, 4], np.float32)
        y = self.result("image", "--input", picture, "--mean", "0.5,0.25,0.125", "--std=0.5,2,4")
        expected = (pixels.astype(np.float32) / 255 - mean) / std
        np.testing.assert_allclose(y[0].transpose(1, 2, 0), expected, rtol=1e-6, atol=1e-6)
        y = self.result("image", "--input", self.write("p.jpg", JPEG))
        np.testing.assert_allclose(y[0].mean((1, 2)) * 255, [200, 100, 50], atol=2)
        self.refused("is a file this run reads", "image", "--input", picture, "--output", picture)
        self.assertEqual(picture.read_bytes(), png(pixels))

    @unittest.skipUnless(PIL, "Pillow is not installed")
    def test_pictures_in_four_inks(self):
        inks = PIL.Image.fromarray(self.random.integers(0, 256, (8, 6, 4), np.uint8), "CMYK")
        inks.save(self.folder / "inks.jpg", quality=95)
        y = self.result("image", "--input", self.folder / "inks.jpg")
        expected = np.asarray(PIL.Image.open(self.folder / "inks.jpg").convert("RGB"), np.float32)
        np.testing.assert_allclose(y[0].transpose(1, 2, 0) * 255, expected, atol=1.01)

    def test_crop_takes_the_middle(self):
        pixels = self.random.integers(0, 256, (12, 10, 3), np.uint8)
        y = self.result("image", "--input", self.write("p.png", png(pixels)), "--crop=8x6")
        np.testing.assert_allclose(y[0].transpose(1, 2, 0) * 255, pixels[2:10, 2:8], atol=1e-3)
        pixels = self.random.integers(0, 256, (11, 11, 3), np.uint8)  # 1.5 rows are 2, 2.5 columns too
        y = self.result("image", "--input", self.write("p.png", png(pixels)), "--crop=8x6")
        np.testing.assert_allclose(y[0].transpose(1, 2, 0) * 255, pixels[2:10, 2:8], atol=1e-3)

    def test_resize_keeps_flat_areas_and_the_ratio(self):
        pixels = np.full((40, 30, 3), (10, 100, 250), np.uint8)
        y = self.result("image", "--input", self.write("p.png", png(pixels)), "--resize", 6)
        np.testing.assert_allclose(y[0] * 255, np.broadcast_to(pixels[0, 0, :, None, None], (3, 8, 6)), atol=1e-3)

    @unittest.skipUnless(PIL, "Pillow is not installed")
    def test_resize_is_pillows(self):
        for shape in ((37, 23, 3), (8, 23, 3), (5, 3, 3), (13, 30, 3)):
            pixels = self.random.integers(0, 256, shape, np.uint8)
            y = self.result("image", "--input", self.write("p.png", png(pixels)), "--resize=8x6")
            expected = np.asarray(PIL.Image.fromarray(pixels).resize((6, 8), PIL.Image.Resampling.BILINEAR), np.float32)
            np.testing.assert_allclose(y[0].transpose(1, 2, 0) * 255, expected, atol=1e-3)

    def test_bad_pictures(self):
        pixels = np.zeros((8, 6, 3), np.uint8)
        good = png(pixels)
        self.refused("is 8 x 6 (height x width) before `--crop 9x9`", "image", "--input", self.write("p.png", good),
                     "--crop=9")
        self.refused("is 9 x 6 (height x width); the network takes 8 x 6", "image", "--input",
                     self.write("q.png", png(np.zeros((9, 6, 3), np.uint8))))
        self.refused("is a damaged PNG", "image", "--input", self.write("c.png", good[:40]))
        self.refused("is a damaged JPEG", "image", "--input", self.write("c.jpg", JPEG[:20]))
        huge = good[:16] + struct.pack(">II", 1 << 20, 1 << 20) + good[24:]
        self.assertEqual(self.run_it("image", "--input", self.write("h.png", huge)).returncode, 1)
        self.refused("is a picture; `x` takes none", "dense", "--input", self.folder / "p.png")
        self.refused("`--mean` and `--std` take 1 or 3 numbers", "image", "--input", self.folder / "p.png", "--mean=1,2")
        for name, contents in (("p.png", good), ("p.jpg", JPEG)):
            for _ in range(100):
                bad = bytearray(contents)
                bad[self.random.integers(len(bad))] = self.random.integers(256)
                done = self.run_it("image", "--input", self.write("f" + name, bytes(bad)))
                self.assertIn(done.returncode, (0, 1), done.stderr)

    def test_layers_are_dumped_and_compared(self):
        x = self.random.standard_normal((64, 1000)).astype(np.float32)
        np.save(self.folder / "x.npy", x)
        layers = self.folder / "layers"
        arguments = ["--input", self.folder / "x.npy"]
        self.assertEqual(self.run_it("dense", *arguments, "--dump-tensors", layers).returncode, 0)
        self.assertEqual(sorted(p.name for p in layers.iterdir()), ["0001-scale.npy", "0002-add.npy"])
        np.testing.assert_array_equal(np.load(layers / "0001-scale.npy"), 2 * x)
        done = self.run_it("dense", *arguments, "--compare", layers)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("2 layers agree to 0.0001 of their largest value", done.stdout)
        np.save(layers / "0002-add.npy", np.load(layers / "0002-add.npy") + 1)
        done = self.run_it("dense", *arguments, "--compare", layers)
        self.assertEqual(done.returncode, 1)
        self.assertIn("`add` is the first layer that differs: by up to 1", done.stdout)
        self.refused("cannot read the folder", "dense", *arguments, "--compare=/no/such")
        self.refused("name the same folder", "dense", *arguments, f"--compare={layers}", f"--dump-tensors={layers}/.")
        self.refused("was compiled without a table of its layers", "graph", "--random-inputs=1", "--dump-tensors", layers)

    def test_what_is_no_network_is_refused(self):
        done = subprocess.run([RUN, self.write("x.so", b"no library")], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot load", done.stderr)
        whole = (LIBRARIES / "fake-dense.so").read_bytes()
        for length in (64, 100, 1000, len(whole) // 2):
            done = subprocess.run([RUN, self.write("x.so", whole[:length]), "--info"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("x.so`: it is truncated", done.stderr)
        done = subprocess.run([RUN, "libz.so.1", "--info"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot load `libz.so.1`", done.stderr)

    def test_usage(self):
        self.assertEqual(subprocess.run([RUN], capture_output=True).returncode, 2)
        help = subprocess.run([RUN, "--help"], capture_output=True, text=True).stdout
        for text in ("usage: weft-run NAME.so [options]", "executes the code", "--threads N", "--eval DIR|LIST"):
            self.assertIn(text, help)
        self.assertEqual(self.run_it("dense", "--help").stdout, help)
        self.refused("`--crop 3` and `--crop 4` contradict each other", "image", "--crop=3", "--crop=4", code=2)
        self.assertIn("--dump-tensors DIR", self.run_it("dense", "--help").stdout)
        for bad in ("--crop=0", "--resize=9x", "--mean=1,,2", "--std=0", "--tolerance=x", "--croop=3"):
            self.refused(bad.split("=")[0], "image", bad, code=2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
