namespace NewApi.Protocols;

/// <summary>Members inside prompts that decide whether a string is text, media or neither. All dialects share the table.</summary>
internal enum ContentMember : byte
{
    Other,

    /// <summary>Ids, roles, formats, signatures: no prompt text.</summary>
    Meta,
    Type,
    Name,

    /// <summary>How closely a picture is to be looked at.</summary>
    Detail,
    MimeType,
    Url,
    Data,
    FileData,
    ImageUrl,
    VideoUrl,
    InputAudio,
    File,
    Source,
    InlineData,

    /// <summary>Anthropic's tool input, Gemini's arguments and responses: free JSON.</summary>
    FreeJson,
    FunctionDeclarations,
}

internal static class ContentMembers
{
    public static ContentMember Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when name.SequenceEqual("id"u8) => ContentMember.Meta,
        3 when name.SequenceEqual("url"u8) => ContentMember.Url,
        4 when name.SequenceEqual("type"u8) => ContentMember.Type,
        4 when name.SequenceEqual("role"u8) => ContentMember.Meta,
        4 when name.SequenceEqual("name"u8) => ContentMember.Name,
        4 when name.SequenceEqual("data"u8) => ContentMember.Data,
        4 when name.SequenceEqual("file"u8) => ContentMember.File,
        4 when name.SequenceEqual("args"u8) => ContentMember.FreeJson,
        5 when name.SequenceEqual("input"u8) => ContentMember.FreeJson,
        6 when name.SequenceEqual("source"u8) => ContentMember.Source,
        6 when name.SequenceEqual("detail"u8) => ContentMember.Detail,
        6 when name.SequenceEqual("format"u8) => ContentMember.Meta,
        6 when name.SequenceEqual("status"u8) => ContentMember.Meta,
        7 when name.SequenceEqual("call_id"u8) => ContentMember.Meta,
        7 when name.SequenceEqual("file_id"u8) => ContentMember.Meta,
        7 when name.SequenceEqual("fileUri"u8) => ContentMember.Meta,
        8 when name.SequenceEqual("file_uri"u8) => ContentMember.Meta,
        8 when name.SequenceEqual("file_url"u8) => ContentMember.Meta,
        8 when name.SequenceEqual("mimeType"u8) => ContentMember.MimeType,
        8 when name.SequenceEqual("fileData"u8) => ContentMember.FileData,
        8 when name.SequenceEqual("response"u8) => ContentMember.FreeJson,
        9 when name.SequenceEqual("file_data"u8) => ContentMember.FileData,
        9 when name.SequenceEqual("mime_type"u8) => ContentMember.MimeType,
        9 when name.SequenceEqual("image_url"u8) => ContentMember.ImageUrl,
        9 when name.SequenceEqual("video_url"u8) => ContentMember.VideoUrl,
        9 when name.SequenceEqual("signature"u8) => ContentMember.Meta,
        10 when name.SequenceEqual("media_type"u8) => ContentMember.Meta,
        10 when name.SequenceEqual("inlineData"u8) => ContentMember.InlineData,
        11 when name.SequenceEqual("inline_data"u8) => ContentMember.InlineData,
        11 when name.SequenceEqual("input_audio"u8) => ContentMember.InputAudio,
        11 when name.SequenceEqual("tool_use_id"u8) => ContentMember.Meta,
        12 when name.SequenceEqual("tool_call_id"u8) => ContentMember.Meta,
        16 when name.SequenceEqual("thoughtSignature"u8) => ContentMember.Meta,
        17 when name.SequenceEqual("thought_signature"u8) => ContentMember.Meta,
        17 when name.SequenceEqual("encrypted_content"u8) => ContentMember.Meta,
        20 when name.SequenceEqual("functionDeclarations"u8) => ContentMember.FunctionDeclarations,
        21 when name.SequenceEqual("function_declarations"u8) => ContentMember.FunctionDeclarations,
        _ => ContentMember.Other,
    };
}
