"""Carries files to VK and from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp

from bots.channel import Fetch, File, FileGone, FileKind, FileLost, Refused, TryLater
from bots.vk.calls import CommunityAPI, Sessions
from bots.vk.compose import LIMITS

_AS_DOCUMENT = {FileKind.VIDEO: "video.mp4", FileKind.ROUND: "video.mp4", FileKind.AUDIO: "audio.mp3", FileKind.STICKER: "sticker.webp"}
_DOWNLOAD = aiohttp.ClientTimeout(total=180, connect=10)


class Files:
    """The files of one community. A ``File.ref`` is «what VK calls it, or -» and its address, with a blank between."""

    def __init__(self, account: str, api: CommunityAPI, sessions: Sessions, fetch: Fetch) -> None:
        self._account, self._api, self._sessions, self._fetch = account, api, sessions, fetch

    async def attach(self, file: File, peer: str) -> str:
        """The file as VK names it in ``attachment``; uploaded unless it lies with us already."""
        held, _, _ = file.ref.partition(" ")
        if file.account == self._account and held.count("_") == 2:  # with its access key
            return held
        content = await self._content(file)
        if file.kind is FileKind.PHOTO or (file.kind is FileKind.STICKER and file.mime == "image/png"):
            server = await self._api.call("photos.getMessagesUploadServer", peer_id=peer)
            told = await self._uploaded(server, "photo", content, file.name or "photo.jpg", file.mime)
            saved = await self._api.call("photos.saveMessagesPhoto", **{name: told.get(name, "") for name in ("photo", "server", "hash")})
            return _named("photo", saved[0])
        kind = "audio_message" if file.kind is FileKind.VOICE else "doc"
        name = file.name or _AS_DOCUMENT.get(file.kind, "voice.ogg" if kind == "audio_message" else "document")
        server = await self._api.call("docs.getMessagesUploadServer", peer_id=peer, type=kind)
        told = await self._uploaded(server, "file", content, name, file.mime)
        saved = await self._api.call("docs.save", file=told.get("file", ""), title=name)
        return _named(saved["type"], saved[saved["type"]])

    async def _uploaded(self, server: Any, field: str, content: bytes, name: str, mime: str) -> dict[str, Any]:
        told = await self._api.upload(server["upload_url"], field, content, name, mime)
        if "error" in told:
            raise Refused("VK does not take the file")
        return told

    async def _content(self, file: File) -> bytes:
        content = bytearray()
        try:
            async for chunk in self._fetch(file):
                content += chunk
                if len(content) > LIMITS.upload:
                    break
        except FileGone:
            content.clear()
        if not content or len(content) > LIMITS.upload:
            raise FileLost("a file is gone, empty or too large", file)
        return bytes(content)

    async def download(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file; its address holds all it takes. Raises FileGone, or TryLater when VK is away: it may still be had then."""
        _, _, url = file.ref.partition(" ")
        size, problem = 0, ""
        try:
            async with self._sessions.calling.get(url, timeout=_DOWNLOAD) as response:
                if response.status >= 500:
                    problem = f"HTTP {response.status}"
                elif response.status == 200 and (response.content_length or 0) <= LIMITS.upload:
                    async for chunk in response.content.iter_chunked(1 << 16):
                        size += len(chunk)
                        if size > LIMITS.upload:
                            break
                        yield chunk
                    else:
                        return
        except ValueError:
            pass  # no address at all
        except (aiohttp.ClientError, OSError) as error:
            problem = type(error).__name__
        raise TryLater(f"VK does not give a file ({problem})", 5) if problem else FileGone("VK does not give the file")


def _named(kind: str, thing: Mapping[str, Any]) -> str:
    key = thing.get("access_key")
    return f"{kind}{thing['owner_id']}_{thing['id']}" + (f"_{key}" if key else "")


def attached(message: Mapping[str, Any]) -> list[str]:
    """The attachments of a message of our own, to be named again in an edit."""
    attachments = [(str(attachment["type"]), attachment.get(attachment["type"])) for attachment in message.get("attachments") or []]
    return [_named(kind, thing) for kind, thing in attachments if isinstance(thing, Mapping) and "owner_id" in thing and "id" in thing]
