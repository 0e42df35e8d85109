using System.Text;
using NewApi.Bench.Targets;

namespace NewApi.Bench.Load;

/// <summary>A request as bytes, and what a right reply to it looks like.</summary>
internal sealed class Payload
{
    private const string Question = "Explain in two sentences what a gateway in front of several language models is good for.";
    private readonly int _chunks;

    private Payload(Target target, string path, string body, int chunks)
    {
        _chunks = chunks;
        var head = $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{target.Port}\r\nUser-Agent: bench\r\nAccept: */*\r\n"
            + $"Authorization: Bearer {target.Key}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n";
        Bytes = Encoding.UTF8.GetBytes(head + body);
    }

    public ReadOnlyMemory<byte> Bytes { get; }

    public static Payload Chat(Target target, int promptBytes = 0)
    {
        const string Filler = "The quick brown fox jumps over the lazy dog while nobody is watching the hen house. ";
        var prompt = promptBytes == 0
            ? Question
            : string.Concat(Enumerable.Repeat(Filler, (promptBytes / Filler.Length) + 1))[..promptBytes];
        return new(target, "/v1/chat/completions", Body("You are a helpful assistant.", prompt, stream: false), 0);
    }

    /// <param name="target">Who is asked.</param>
    /// <param name="chunks">Content frames of the answer.</param>
    /// <param name="paceMilliseconds">Time between two frames; zero is as fast as the stub can.</param>
    public static Payload Stream(Target target, int chunks, int paceMilliseconds) => new(
        target,
        "/v1/chat/completions",
        Body($"bench:chunks={chunks},pace={paceMilliseconds},size=16; You are a helpful assistant.", Question, stream: true),
        chunks);

    /// <summary>One body, and two things to do with it: have it answered for money, or have its tokens counted for nothing.</summary>
    public static Payload Message(Target target, bool counted) => new(
        target,
        counted ? "/v1/messages/count_tokens" : "/v1/messages",
        $$"""{"model":"claude-3-5-sonnet-20241022","max_tokens":256,"system":"You are a helpful assistant.","messages":[{"role":"user","content":"{{Question}}"}]}""",
        0);

    /// <summary>The small chat in one of the four dialects, answered whole or, with chunks, streamed at full speed.</summary>
    public static Payload InDialect(Target target, string dialect, string path, string model, int chunks) => new(
        target,
        (chunks > 0 ? path.Replace(":generateContent", ":streamGenerateContent?alt=sse", StringComparison.Ordinal) : path)
            .Replace("{model}", model, StringComparison.Ordinal),
        DialectBody(dialect, model, chunks),
        dialect == "chat" ? chunks : 0);

    public static string DialectBody(string dialect, string model, int chunks)
    {
        var body = WholeBody(dialect, model);
        if (chunks == 0)
        {
            return body;
        }
        body = body.Replace("You are a helpful", $"bench:chunks={chunks},pace=0,size=16; You are a helpful", StringComparison.Ordinal);
        return dialect == "gemini" ? body : body[..^1] + ",\"stream\":true}";
    }

    private static string WholeBody(string dialect, string model) => dialect switch
    {
        "chat" => $$"""{"model":"{{model}}","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"{{Question}}"}],"temperature":0.7,"max_tokens":256}""",
        "messages" => $$"""{"model":"{{model}}","max_tokens":256,"temperature":0.7,"system":"You are a helpful assistant.","messages":[{"role":"user","content":"{{Question}}"}]}""",
        "gemini" => $$$"""{"contents":[{"role":"user","parts":[{"text":"{{{Question}}}"}]}],"systemInstruction":{"parts":[{"text":"You are a helpful assistant."}]},"generationConfig":{"temperature":0.7,"maxOutputTokens":256}}""",
        _ => $$"""{"model":"{{model}}","instructions":"You are a helpful assistant.","input":"{{Question}}","temperature":0.7,"max_output_tokens":256}""",
    };

    public static Payload Embedding(Target target) => new(
        target, "/v1/embeddings", $$"""{"model":"text-embedding-3-small","input":"{{Question}}","encoding_format":"float"}""", 0);

    /// <summary>A fast wrong answer is no answer: every reply is looked at.</summary>
    public void Check(ReplyParser reply)
    {
        if (reply.Status != 200 || reply.BodyBytes == 0)
        {
            throw new BenchException($"A reply had status {reply.Status} and {reply.BodyBytes} bytes.");
        }
        if (_chunks > 0 && !reply.EndsWithDone)
        {
            throw new BenchException("A stream did not end with [DONE].");
        }
    }

    private static string Body(string system, string prompt, bool stream) =>
        $$"""{"model":"gpt-4o-mini","messages":[{"role":"system","content":"{{system}}"},{"role":"user","content":"{{prompt}}"}],"temperature":0.7,"max_tokens":256"""
        + (stream ? ""","stream":true,"stream_options":{"include_usage":true}}""" : "}");
}
