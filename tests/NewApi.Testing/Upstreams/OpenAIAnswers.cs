using Microsoft.AspNetCore.Http;

namespace NewApi.Testing.Upstreams;

/// <summary>Answers of a healthy upstream that speaks OpenAI's chat dialect.</summary>
public static class OpenAIAnswers
{
    public const string Words = "All is well.";

    public const string Usage = """{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}""";

    /// <summary>A whole answer, as a stream when the request asks for one.</summary>
    public static UpstreamScript Good { get; } = Answer(Words);

    public static UpstreamScript Answer(string text, int chunks = 1, bool usage = true, TimeSpan pace = default) => async (http, request) =>
    {
        if (!request.Stream)
        {
            http.Response.ContentType = "application/json";
            await Faults.WriteAsync(http, Whole(text, usage));
            return;
        }
        http.Response.ContentType = "text/event-stream";
        for (var i = 0; i < chunks; i++)
        {
            if (pace > TimeSpan.Zero && i > 0)
            {
                await Task.Delay(pace, http.RequestAborted);
            }
            await Faults.WriteAsync(http, Chunk(text));
        }
        await Faults.WriteAsync(http, End(usage));
    };

    public static string Whole(string text, bool usage = true) =>
        $$$"""{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{{text}}}"},"finish_reason":"stop"}]{{{(usage ? ",\"usage\":" + Usage : "")}}}}""";

    public static string Chunk(string text) =>
        $$$"""data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"{{{text}}}"},"finish_reason":null}]}""" + "\n\n";

    public static string End(bool usage = true) =>
        """data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n"
        + (usage ? $$$"""data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{{{Usage}}}}""" + "\n\n" : "")
        + "data: [DONE]\n\n";
}
