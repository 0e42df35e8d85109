using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Domain.Tasks;
using NewApi.Protocols;
using NewApi.Providers.Answers;
using NewApi.Providers.Tasks;

namespace NewApi.Providers.Vidu;

/// <summary>Vidu's films (channel type 52), told apart by how many pictures they begin with.</summary>
internal static class Vidu
{
    public static ProviderProfile Profile { get; } = new(52, "Vidu", "https://api.vidu.cn")
    {
        Paths = FrozenDictionary<Dialect, string>.Empty,
        Tasks = new Service(),
    };

    private sealed class Service : TaskService
    {
        public override string ActionOf(TaskOrder order)
        {
            ArgumentNullException.ThrowIfNull(order);
            return order.Images.Count switch
            {
                0 => TaskActions.FromText,
                1 => TaskActions.FromImage,
                2 => TaskActions.FromFirstAndLast,
                _ => TaskActions.FromReferences,
            };
        }

        protected override HttpRequestMessage Order(UpstreamMessage message, TaskOrder order) => Post(
            message,
            "/ent/v2/" + ActionOf(order) switch
            {
                TaskActions.FromText => "text2video",
                TaskActions.FromImage => "img2video",
                TaskActions.FromFirstAndLast => "start-end2video",
                _ => "reference2video",
            },
            Payload(order, message.Model),
            Authorization(message));

        /// <summary><c>{"task_id":"…","state":"created","model":"viduq1","duration":5,"resolution":"1080p","created_at":"…"}</c></summary>
        protected override TaskReceipt ReadReceipt(JsonElement answer) => answer.Word("state"u8) == "failed"
            ? throw Refusal(400, answer.Word("err_code"u8) ?? "task_failed", answer.Word("message"u8) ?? answer.Word("err_code"u8))
            : TaskReceipt.Accepted(answer.Word("task_id"u8) ?? "", answer);

        protected override HttpRequestMessage Question(UpstreamMessage message, IReadOnlyList<AskedTask> tasks) =>
            Get(message, $"/ent/v2/tasks/{Uri.EscapeDataString(tasks[0].UpstreamId)}/creations", Authorization(message));

        /// <summary><c>{"id":"…","state":"success","err_code":"","credits":4,"creations":[{"id":"…","url":"https://…","cover_url":"https://…"}]}</c></summary>
        protected override IReadOnlyList<TaskReport> ReadReports(JsonElement answer, IReadOnlyList<AskedTask> tasks)
        {
            string? url = null;
            foreach (var creation in answer.Items("creations"u8))
            {
                url ??= creation.Word("url"u8);
            }
            return
            [
                new TaskReport
                {
                    UpstreamId = tasks[0].UpstreamId,
                    State = answer.Word("state"u8) switch
                    {
                        "created" => TaskState.Submitted,
                        "queueing" => TaskState.Queued,
                        "processing" => TaskState.InProgress,
                        "success" => TaskState.Succeeded,
                        "failed" => TaskState.Failed,
                        _ => TaskState.Unknown,
                    },
                    Url = url,
                    Reason = answer.Word("err_code"u8) is { Length: > 0 } reason ? reason : null,
                    Data = answer,
                },
            ];
        }

        private static string Authorization(UpstreamMessage message) => "Token " + message.Key;

        private static JsonObject Payload(TaskOrder order, string model)
        {
            var payload = new JsonObject { ["model"] = model, ["prompt"] = order.Prompt };
            payload.Put("images", [.. order.Images.Select(TaskPictures.Address)]);
            payload.Put("duration", order.Seconds);
            if (TaskPictures.SizeOf(order.Size) is var (width, height))
            {
                payload["resolution"] = Math.Min(width, height) switch
                {
                    <= 400 => "360p",
                    <= 600 => "540p",
                    <= 800 => "720p",
                    _ => "1080p",
                };
                if (order.Images.Count is not (1 or 2) && TaskPictures.RatioOf(width, height) is { } ratio)
                {
                    payload["aspect_ratio"] = ratio;
                }
            }
            else if (order.Size.Length > 0)
            {
                payload["resolution"] = order.Size;
            }
            return Overlay(payload, order, "model");
        }
    }
}
