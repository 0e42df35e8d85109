using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Domain.Tasks;
using NewApi.Protocols;
using NewApi.Providers.Answers;
using NewApi.Providers.Signatures;
using NewApi.Providers.Tasks;

namespace NewApi.Providers.Kling;

/// <summary>
/// Kling's films (channel type 50). The key is <c>access|secret</c>, of which a token is signed, or an <c>sk-</c> key of a gateway that
/// serves Kling below <c>/kling</c>.
/// </summary>
internal static class Kling
{
    public static ProviderProfile Profile { get; } = new(50, "Kling", "https://api.klingai.com")
    {
        Paths = FrozenDictionary<Dialect, string>.Empty,
        Tasks = new Service(),
    };

    private sealed class Service : TaskService
    {
        private const string DefaultModel = "kling-v1";

        protected override HttpRequestMessage Order(UpstreamMessage message, TaskOrder order) =>
            Post(message, PathOf(message, ActionOf(order)), Payload(order, message.Model), Authorization(message));

        /// <summary><c>{"code":0,"message":"","request_id":"…","data":{"task_id":"…","task_status":"submitted"}}</c></summary>
        protected override TaskReceipt ReadReceipt(JsonElement answer) =>
            TaskReceipt.Accepted(DataOf(answer).Word("task_id"u8) ?? "", answer);

        protected override HttpRequestMessage Question(UpstreamMessage message, IReadOnlyList<AskedTask> tasks) => Get(
            message, $"{PathOf(message, tasks[0].Action)}/{Uri.EscapeDataString(tasks[0].UpstreamId)}", Authorization(message));

        /// <summary><c>{"code":0,"data":{"task_id":"…","task_status":"succeed","task_result":{"videos":[{"url":"https://…","duration":"5"}]}}}</c></summary>
        protected override IReadOnlyList<TaskReport> ReadReports(JsonElement answer, IReadOnlyList<AskedTask> tasks)
        {
            var data = DataOf(answer);
            string? url = null;
            foreach (var video in data.Find("task_result"u8)?.Items("videos"u8) ?? default)
            {
                url ??= video.Word("url"u8);
            }
            return
            [
                new TaskReport
                {
                    UpstreamId = data.Word("task_id"u8) ?? "",
                    State = data.Word("task_status"u8) switch
                    {
                        "submitted" => TaskState.Submitted,
                        "processing" => TaskState.InProgress,
                        "succeed" => TaskState.Succeeded,
                        "failed" => TaskState.Failed,
                        _ => TaskState.Unknown,
                    },
                    Url = url,
                    Reason = data.Word("task_status_msg"u8) is { Length: > 0 } reason ? reason : null,
                    Data = answer,
                },
            ];
        }

        private static JsonElement DataOf(JsonElement answer)
        {
            var code = OwnUsage.Count(answer, "code"u8);
            return code is null or 0
                ? answer.Find("data"u8) ?? throw new JsonException("The answer has no data.")
                : throw Refusal(
                    code switch
                    {
                        >= 1000 and <= 1004 => 401,
                        1100 or 1101 or 1102 => 402,
                        1103 => 403,
                        >= 1200 and <= 1202 or 1300 or 1301 => 400,
                        1203 => 404,
                        1302 or 1303 => 429,
                        _ => 500,
                    },
                    code.Value.ToString(CultureInfo.InvariantCulture),
                    answer.Word("message"u8));
        }

        private static string PathOf(UpstreamMessage message, string action) =>
            (IsGateway(message) ? "/kling" : "") + (action == TaskActions.FromText ? "/v1/videos/text2video" : "/v1/videos/image2video");

        private static bool IsGateway(UpstreamMessage message) => message.Key.StartsWith("sk-", StringComparison.Ordinal);

        private static string Authorization(UpstreamMessage message)
        {
            if (IsGateway(message))
            {
                return "Bearer " + message.Key;
            }
            if (message.Key.Split('|') is not [{ Length: > 0 } access, { Length: > 0 } secret])
            {
                throw new ProviderException("channel:invalid_key", "The channel's key must be access|secret, or begin with sk-.");
            }
            var now = message.Clock.GetUtcNow().ToUnixTimeSeconds();
            return "Bearer " + Jwt.Make(
                new JsonObject { ["alg"] = "HS256", ["typ"] = "JWT" },
                new JsonObject { ["iss"] = access, ["exp"] = now + 1800, ["nbf"] = now - 5 },
                content => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), content));
        }

        private static JsonObject Payload(TaskOrder order, string model)
        {
            var payload = new JsonObject
            {
                ["model_name"] = model.Length > 0 ? model : DefaultModel,
                ["prompt"] = order.Prompt,
                ["mode"] = order.Mode.Length > 0 ? order.Mode : "std",
                ["duration"] = (order.Seconds ?? 5).ToString(CultureInfo.InvariantCulture),
                ["cfg_scale"] = 0.5,
                ["aspect_ratio"] = order.Size switch
                {
                    "1280x720" or "1920x1080" => "16:9",
                    "720x1280" or "1080x1920" => "9:16",
                    _ => "1:1",
                },
            };
            if (order.Images.Count > 0)
            {
                payload["image"] = Picture(order.Images[0]);
            }
            if (order.Images.Count > 1)
            {
                payload["image_tail"] = Picture(order.Images[1]);
            }
            return Overlay(payload, order, "model_name", "model");
        }

        /// <summary>An address, or base64 without the head of a data URI.</summary>
        private static string Picture(string image) =>
            image.StartsWith("data:", StringComparison.Ordinal) && image.IndexOf(',', StringComparison.Ordinal) is > 0 and var comma ? image[(comma + 1)..] : image;
    }
}
