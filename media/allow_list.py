"""The containers and codecs that are opened; everything else is refused before it is parsed.

FFmpeg knows hundreds of formats. Some of them are scripts that name other files or addresses
(playlists, concat scripts, DASH, SDP) and some accept any text, so a list of what is allowed is
the only safe list.
"""

from __future__ import annotations

CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,mpeg,mpegts,asf,flv,ogg"
"""Demuxers by FFmpeg's names."""

VIDEO_DECODERS = (
    "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,mpeg1video,mpeg2video,mpeg4,msmpeg4v1,"
    "msmpeg4v2,msmpeg4,h263,h263p,flv,vp6,vp6f,vp6a,wmv1,wmv2,wmv3,vc1,theora,mjpeg,prores,dnxhd,dvvideo,gif,"
    "png,qtrle,ffv1,huffyuv,ffvhuff,utvideo,rawvideo,v210"
)
"""Video decoders by FFmpeg's names."""

AUDIO_DECODERS = (
    "aac,aac_latm,ac3,eac3,mp1,mp1float,mp2,mp2float,mp3,mp3float,opus,libopus,vorbis,libvorbis,flac,alac,dca,"
    "wmav1,wmav2,wmapro,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,"
    "adpcm_swf,nellymoser,speex,libspeex,pcm_s16le,pcm_s16be,pcm_u8,pcm_s8,pcm_s24le,pcm_s24be,pcm_s32le,"
    "pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_mulaw,pcm_alaw,pcm_bluray,pcm_dvd"
)
"""Audio decoders by FFmpeg's names."""
