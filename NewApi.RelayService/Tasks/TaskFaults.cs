using System.Text.Json;
using NewApi.Domain;
using NewApi.RelayService.Replies;

namespace NewApi.RelayService.Tasks;

/// <summary>Faults of task routes as their callers read them (specification: relay §9.3).</summary>
internal static class TaskFaults
{
    public static RelayFault NotFound { get; } = new(StatusCodes.Status400BadRequest, "task_not_exist", "There is no such task.") { Final = true };

    public static RelayFault ChannelGone { get; } =
        new(StatusCodes.Status400BadRequest, "task_channel_disable", "The channel of that task does not serve any more.") { Final = true };

    /// <summary>Task routes have codes of their own; an upstream that refuses our credential is our trouble, not the caller's.</summary>
    public static RelayFault ForCaller(RelayFault fault) =>
        fault is { FromUpstream: true, Status: StatusCodes.Status429TooManyRequests }
            ? fault with { Code = "fail_to_fetch_task", Message = "The upstream is saturated at the moment. Try again later.", FromUpstream = false }
        : fault.FromUpstream
            ? fault with { Code = "fail_to_fetch_task", Status = fault.Status is 401 or 403 ? StatusCodes.Status502BadGateway : fault.Status }
        : fault.Code == "channel:model_mapped_error" ? fault with { Code = "model_mapping_failed" }
        : fault.Code.StartsWith("channel:", StringComparison.Ordinal) ? fault with { Code = "build_request_failed" }
        : fault;

    /// <summary>
    /// <c>{"code":"…","message":"…","data":null}</c> is what clients of tasks know; OpenAI's own clients of <c>/v1/videos</c> look for
    /// <c>error</c>. Both find what they want.
    /// </summary>
    public static Task WriteAsync(HttpContext http, RelayFault fault, string requestId)
    {
        if (fault.RetryAfter is { } wait && !http.Response.HasStarted)
        {
            http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString();
        }
        return TaskReplies.WriteAsync(http, fault.Status, json =>
        {
            var message = fault.FromUpstream || requestId.Length == 0 ? fault.Message : $"{fault.Message} (request id: {requestId})";
            json.WriteStartObject();
            json.WriteString("code"u8, fault.Code);
            json.WriteString("message"u8, message);
            json.WriteNull("data"u8);
            json.WriteStartObject("error"u8);
            json.WriteString("message"u8, message);
            json.WriteString("type"u8, fault.Type);
            json.WriteString("param"u8, fault.Param ?? "");
            json.WriteString("code"u8, fault.Code);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }
}
