"""Gives the page the files that people and bots sent; what a browser could take for a page is only ever downloaded."""

from __future__ import annotations

import asyncio

from aiohttp import web

from sandbox.blobs import Blobs


async def send_blob(blobs: Blobs, request: web.Request) -> web.Response:
    """The bytes of the file that the address names, or the part of them that is asked for. Raises 404 and 416."""
    try:
        content = await asyncio.to_thread(blobs.get, request.match_info["name"])
    except LookupError:
        raise web.HTTPNotFound(text="no such file") from None
    kind = _kind_of(content)
    headers = {
        "Content-Type": kind or "application/octet-stream",
        "Content-Disposition": "inline" if kind else "attachment",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=31536000, immutable",
        "Accept-Ranges": "bytes",
    }
    try:
        part = request.http_range
    except ValueError:
        raise web.HTTPRequestRangeNotSatisfiable from None
    if part.start is None and part.stop is None:
        return web.Response(body=content, headers=headers)
    start, stop, _ = part.indices(len(content))
    if start >= stop:
        raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
    return web.Response(status=206, body=content[start:stop], headers=headers)


_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
)


def _kind_of(content: bytes) -> str:
    """The content type that the bytes themselves show: a picture, a sound or a film; empty for anything else."""
    return next((kind for at, mark, kind in _SIGNATURES if content.startswith(mark, at)), "")
