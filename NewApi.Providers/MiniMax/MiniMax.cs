using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.MiniMax;

/// <summary>MiniMax (channel type 35): chats as everybody's, images and speech in words of its own, refusals inside successes.</summary>
internal static class MiniMax
{
    public static ProviderProfile Profile { get; } = new(35, "MiniMax", "https://api.minimax.chat")
    {
        Paths = ProviderProfile.Only(
            (Dialect.OpenAIChat, "/v1/text/chatcompletion_v2"),
            (Dialect.AnthropicMessages, "/anthropic/v1/messages"),
            (Dialect.OpenAIImages, "/v1/image_generation"),
            (Dialect.OpenAISpeech, "/v1/t2a_v2")),
        StreamOptions = true,
        // Its models think between calls, and lose the thread where their thoughts do not come back.
        Traits = new UpstreamTraits { DefaultMaxTokens = 8192, TakesReasoning = true },
        Adapter = new Adapter(),
        Tasks = new MiniMaxVideos(),
    };

    /// <summary>The status that a code of MiniMax's should have come with.</summary>
    internal static int StatusOf(long code) => code switch
    {
        1002 or 1039 => 429,
        1004 or 2049 => 401,
        1008 => 402,
        1026 or 1027 or 2013 => 400,
        _ => 500,
    };

    private sealed class Adapter : ProviderAdapter
    {
        public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ArgumentNullException.ThrowIfNull(message);
            var response = message.Dialect switch
            {
                Dialect.OpenAIImages => await SendJsonAsync(message, Images(Asked(message), message.Model), http, cancel),
                Dialect.OpenAISpeech => await SendJsonAsync(message, Speech(Asked(message), message.Model), http, cancel),
                _ => await SendByRowsAsync(message, http, cancel),
            };
            if (!response.IsSuccessStatusCode || message.Dialect == Dialect.AnthropicMessages
                || response.Content.Headers.ContentType?.MediaType is "text/event-stream")
            {
                return response;
            }
            var answer = await Answer.ReadJsonAsync(response, cancel);
            if (answer.Find("base_resp"u8) is { } verdict && OwnUsage.Count(verdict, "status_code"u8) is > 0 and var code)
            {
                return Answer.Refusal(response, new UpstreamRefusal(
                    StatusOf(code),
                    code.ToString(),
                    verdict.Word("status_msg"u8) ?? "The upstream refused."));
            }
            return message.Dialect switch
            {
                Dialect.OpenAIImages => Answer.Whole(response, ImagesOf(answer, message.Clock)),
                Dialect.OpenAISpeech => Sound(response, answer),
                _ => response,
            };
        }

        private static JsonObject Images(JsonObject asked, string model)
        {
            var body = new JsonObject { ["model"] = model, ["prompt"] = asked["prompt"]?.DeepClone() };
            ImageAnswers.Copy(asked, body, "n", "aspect_ratio", "seed", "prompt_optimizer", "subject_reference");
            body["response_format"] = asked["response_format"]?.ToString() == "b64_json" ? "base64" : "url";
            if (body["aspect_ratio"] is null && ImageAnswers.SizeOf(asked) is { } size)
            {
                (body["width"], body["height"]) = size;
            }
            return body;
        }

        private static JsonObject ImagesOf(JsonElement answer, TimeProvider clock)
        {
            var data = answer.Find("data"u8) ?? default;
            return ImageAnswers.Of(
                data.Items("image_urls"u8).Select(url => ("url", url.ToString()))
                    .Concat(data.Items("image_base64"u8).Select(image => ("b64_json", image.ToString()))),
                clock);
        }

        private static JsonObject Speech(JsonObject asked, string model)
        {
            var voice = new JsonObject { ["voice_id"] = asked["voice"]?.ToString() ?? "male-qn-qingse" };
            ImageAnswers.Copy(asked, voice, "speed", "vol", "pitch", "emotion");
            var body = new JsonObject
            {
                ["model"] = model,
                ["text"] = asked["input"]?.DeepClone(),
                ["stream"] = false,
                ["voice_setting"] = voice,
                ["audio_setting"] = new JsonObject { ["format"] = asked["response_format"]?.ToString() ?? "mp3" },
                ["output_format"] = "hex",
            };
            return body;
        }

        private static HttpResponseMessage Sound(HttpResponseMessage response, JsonElement answer)
        {
            var hex = answer.Find("data"u8)?.Word("audio"u8) ?? "";
            var format = answer.Find("extra_info"u8)?.Word("audio_format"u8) ?? "mp3";
            return Answer.Bytes(response, Convert.FromHexString(hex), format switch
            {
                "wav" => "audio/wav",
                "flac" => "audio/flac",
                "pcm" => "audio/pcm",
                _ => "audio/mpeg",
            });
        }
    }
}
