using NewApi.Domain;
using NewApi.Protocols.Canonical;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.RelayService.Upstream;

/// <summary>
/// Brings in what a translated request only points to, for upstreams that fetch nothing themselves. Callers choose these addresses, so
/// they are called by the guarded client alone, under the administrator's rules, and no error repeats one.
/// </summary>
internal sealed class MediaFetch(EgressClient egress, RelayOptions options)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Whether an upstream wants pictures, sound and documents inside the request.</summary>
    public static bool IsNeeded(Dialect upstream) => upstream == Dialect.GeminiContent;

    /// <exception cref="TranslationException">An address may not be called, or does not lead to what it should.</exception>
    public async ValueTask BringInAsync(ChatRequest request, EgressRules rules, CancellationToken cancel)
    {
        // For all files together: a thousand addresses in one request must not fetch a thousand times as much.
        var left = options.MaxFileDownload;
        foreach (var message in request.Messages)
        {
            left = await BringInAsync(message.Parts, left, rules, cancel);
        }
    }

    private async ValueTask<long> BringInAsync(List<ChatPart> parts, long left, EgressRules rules, CancellationToken cancel)
    {
        for (var at = 0; at < parts.Count; at++)
        {
            if (parts[at] is ToolResultPart result)
            {
                left = await BringInAsync(result.Content, left, rules, cancel);
            }
            else if (SourceOf(parts[at]) is { Url: { } address } source && !IsGoogles(address))
            {
                var (fetched, bytes) = await FetchAsync(address, source, KindOf(parts[at]), left, rules, cancel);
                left -= bytes;
                parts[at] = parts[at] switch
                {
                    ImagePart image => image with { Source = fetched },
                    AudioPart audio => audio with { Source = fetched },
                    VideoPart video => video with { Source = fetched },
                    FilePart file => file with { Source = fetched },
                    var part => part,
                };
            }
        }
        return left;
    }

    private async Task<(MediaSource Source, long Bytes)> FetchAsync(
        string address, MediaSource source, string? kind, long left, EgressRules rules, CancellationToken cancel)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri))
        {
            throw new TranslationException("An address in the request is not one.");
        }
        EgressReply reply;
        try
        {
            reply = await egress.GetAsync(uri, rules, new EgressLimits(left, Patience), cancel);
        }
        catch (EgressRefusedException refused)
        {
            throw new TranslationException($"A file of the request cannot be fetched: {refused.Message}");
        }
        catch (Exception error) when (error is HttpRequestException or TimeoutException)
        {
            throw new TranslationException("A file of the request cannot be fetched.");
        }
        if (!reply.IsSuccess)
        {
            throw new TranslationException($"A file of the request cannot be fetched: its server answered with status {reply.Status}.");
        }
        var type = Sniff(reply.Body) ?? (reply.MediaType is null or "application/octet-stream" ? source.MimeType : reply.MediaType);
        if (type is null || (kind is not null && !type.StartsWith(kind, StringComparison.OrdinalIgnoreCase)))
        {
            throw new TranslationException($"A file of the request is not of the kind that it should be ({(kind ?? "a known type").TrimEnd('/')}).");
        }
        return (new MediaSource { MimeType = type, Base64 = Convert.ToBase64String(reply.Body) }, reply.Body.Length);
    }

    private static MediaSource? SourceOf(ChatPart part) => part switch
    {
        ImagePart image => image.Source,
        AudioPart audio => audio.Source,
        VideoPart video => video.Source,
        FilePart file => file.Source,
        _ => null,
    };

    private static string? KindOf(ChatPart part) => part switch
    {
        ImagePart => "image/",
        AudioPart => "audio/",
        VideoPart => "video/",
        _ => null,
    };

    /// <summary>Gemini reads its own uploads, its cloud's storage and films of YouTube where they are.</summary>
    private static bool IsGoogles(string address) =>
        address.StartsWith("gs://", StringComparison.OrdinalIgnoreCase)
        || (Uri.TryCreate(address, UriKind.Absolute, out var uri)
            && uri.Host is "generativelanguage.googleapis.com" or "www.youtube.com" or "youtube.com" or "youtu.be");

    /// <summary>What the bytes themselves say; servers often do not know.</summary>
    private static string? Sniff(ReadOnlySpan<byte> file) =>
        file.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47]) ? "image/png"
        : file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "image/jpeg"
        : file.StartsWith("GIF8"u8) ? "image/gif"
        : file.StartsWith("RIFF"u8) && file.Length > 12 && file[8..].StartsWith("WEBP"u8) ? "image/webp"
        : file.StartsWith("RIFF"u8) && file.Length > 12 && file[8..].StartsWith("WAVE"u8) ? "audio/wav"
        : file.StartsWith("%PDF-"u8) ? "application/pdf"
        : null;
}
