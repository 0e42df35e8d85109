using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Providers.Tasks;

namespace NewApi.Providers.Suno;

/// <summary>Songs and their words (channel type 36), by the interface of the Suno proxies that this gateway offers too.</summary>
internal static class Suno
{
    public static ProviderProfile Profile { get; } = new(36, "SunoAPI", null)
    {
        Paths = FrozenDictionary<Dialect, string>.Empty,
        Tasks = new Service(),
    };

    private sealed class Service : TaskService
    {
        public override Dialect Dialect => Dialect.Suno;

        public override string Platform => "suno";

        public override int BatchSize => 100;

        public override string? Refuse(TaskOrder order, string model)
        {
            ArgumentNullException.ThrowIfNull(order);
            return order is { Action: TaskActions.Lyrics, Prompt.Length: 0 } ? "prompt is required" : null;
        }

        protected override HttpRequestMessage Order(UpstreamMessage message, TaskOrder order)
        {
            var body = order.Body?.DeepClone().AsObject() ?? [];
            if (order.Source is { } source)
            {
                body["task_id"] = source;
            }
            return Post(message, "/suno/submit/" + order.Action, body);
        }

        /// <summary><c>{"code":"success","message":"","data":"the task's id"}</c></summary>
        protected override TaskReceipt ReadReceipt(JsonElement answer)
        {
            if (answer.Word("code"u8) is { } code && code != "success")
            {
                throw Refusal(400, code, answer.Word("message"u8));
            }
            return TaskReceipt.Accepted(answer.Word("data"u8) ?? answer.Find("data"u8)?.Word("task_id"u8) ?? "", answer);
        }

        protected override HttpRequestMessage Question(UpstreamMessage message, IReadOnlyList<AskedTask> tasks) => Post(
            message, "/suno/fetch", new JsonObject { ["ids"] = new JsonArray([.. tasks.Select(task => (JsonNode)task.UpstreamId)]) });

        /// <summary>A list of tasks is read before it comes here; what is left is a refusal.</summary>
        protected override IReadOnlyList<TaskReport> ReadReports(JsonElement answer, IReadOnlyList<AskedTask> tasks) =>
            throw Refusal(500, answer.Word("code"u8) ?? "bad_response_body", answer.Word("message"u8));
    }
}
