using System.Buffers;

namespace NewApi.Bench.Stub;

/// <summary>An upstream that costs next to nothing: canned bytes, no routing, no JSON.</summary>
internal static class StubUpstream
{
    public static Task AnswerAsync(HttpContext context) =>
        context.Request.Path.Value switch
        {
            "/v1/embeddings" => AnswerAsync(context, CannedAnswers.Embedding),
            "/v1/messages" or "/v1/messages/count_tokens" => AnswerChatAsync(context, CannedAnswers.Message),
            "/v1/responses" => AnswerChatAsync(context, CannedAnswers.Response),
            { } path when path.StartsWith("/v1beta/", StringComparison.Ordinal) => AnswerChatAsync(context, CannedAnswers.Content),
            _ => AnswerChatAsync(context, CannedAnswers.Chat),
        };

    private static async Task AnswerChatAsync(HttpContext context, ReadOnlyMemory<byte> whole)
    {
        var directive = await ReadDirectiveAsync(context);
        if (directive.Chunks == 0)
        {
            await WriteJsonAsync(context, whole);
            return;
        }
        await StreamAsync(context, directive);
    }

    private static async Task AnswerAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        await ReadDirectiveAsync(context);
        await WriteJsonAsync(context, body);
    }

    private static async Task WriteJsonAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.BodyWriter.WriteAsync(body);
    }

    private static async Task StreamAsync(HttpContext context, Directive directive)
    {
        context.Response.ContentType = "text/event-stream";
        var writer = context.Response.BodyWriter;
        var aborted = context.RequestAborted;
        var (first, frame, last) = CannedAnswers.StreamOf(context.Request.Path.Value!, directive.Size);
        using var pace = directive.PaceMilliseconds > 0
            ? new PeriodicTimer(TimeSpan.FromMilliseconds(directive.PaceMilliseconds))
            : null;
        try
        {
            await writer.WriteAsync(first, aborted);
            for (var sent = 0; sent < directive.Chunks; sent++)
            {
                if (pace is not null)
                {
                    await pace.WaitForNextTickAsync(aborted);
                }
                var flushed = await writer.WriteAsync(frame, aborted);
                if (flushed.IsCompleted)
                {
                    return;
                }
            }
            await writer.WriteAsync(last, aborted);
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            // The reader left; that is what some measures do on purpose.
        }
    }

    /// <summary>Reads the body to its end and keeps only what the first bytes ask for.</summary>
    private static async Task<Directive> ReadDirectiveAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        Directive? directive = null;
        while (true)
        {
            var read = await reader.ReadAsync();
            if (directive is null && (read.IsCompleted || read.Buffer.Length >= Directive.Reach))
            {
                directive = Directive.Find(read.Buffer.Slice(0, Math.Min(read.Buffer.Length, Directive.Reach)));
            }
            if (read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.End);
                return directive ?? default;
            }
            if (directive is null)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
            else
            {
                reader.AdvanceTo(read.Buffer.End);
            }
        }
    }
}
