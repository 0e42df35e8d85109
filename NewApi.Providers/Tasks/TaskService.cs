using System.Collections.ObjectModel;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Domain.Tasks;
using NewApi.Protocols;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Tasks;

/// <summary>
/// A provider of work that is ordered now and fetched later. A service is one file: how an order is written, how the receipt and the reports
/// are read, and what multiplies the price. It holds no state; sending, errors and the question whether an order arrived are settled here,
/// once for all. Answers of another gateway of this kind are understood for every service.
/// </summary>
public abstract class TaskService
{
    private const int LargestError = 64 * 1024;

    protected static IReadOnlyDictionary<string, decimal> NoFactors => ReadOnlyDictionary<string, decimal>.Empty;

    /// <summary>What callers write to it in: <see cref="Dialect.Video"/> or <see cref="Dialect.Suno"/>.</summary>
    public virtual Dialect Dialect => Dialect.Video;

    /// <summary>What <c>tasks.platform</c> says of its tasks; null for the channel's type number.</summary>
    public virtual string? Platform => null;

    /// <summary>How many tasks one question may be about.</summary>
    public virtual int BatchSize => 1;

    /// <summary>What kind of work an order is: one of <see cref="TaskActions"/>.</summary>
    public virtual string ActionOf(TaskOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        return order.Action.Length > 0 ? order.Action : order.HasImage ? TaskActions.FromImage : TaskActions.FromText;
    }

    /// <summary>What is wrong with an order, in words for the caller; null when it can be sent.</summary>
    /// <param name="order">The order.</param>
    /// <param name="model">The upstream's name of the model.</param>
    public virtual string? Refuse(TaskOrder order, string model) => null;

    /// <summary>
    /// What multiplies the price, by name. It must be read from what is really sent, metadata included, so that nobody orders ten seconds and
    /// pays for five. Figures that are not above zero are left out by the caller.
    /// </summary>
    /// <inheritdoc cref="Refuse"/>
    public virtual IReadOnlyDictionary<string, decimal> Factors(TaskOrder order, string model) => NoFactors;

    /// <summary>Where the file of a finished task is; null when it has none.</summary>
    /// <param name="message">Channel and credential.</param>
    /// <param name="task">The task.</param>
    /// <param name="url">What the report said, if anything.</param>
    /// <param name="http">The channel's connections, for upstreams that must be asked.</param>
    /// <param name="cancel">Ends the wait for them.</param>
    /// <exception cref="HttpRequestException">The upstream must be asked and does not answer.</exception>
    public virtual ValueTask<TaskFile?> FileOfAsync(
        UpstreamMessage message, AskedTask task, string? url, HttpMessageInvoker http, CancellationToken cancel) => new(FileOf(message, task, url));

    /// <summary>For services that need not ask anybody.</summary>
    protected virtual TaskFile? FileOf(UpstreamMessage message, AskedTask task, string? url) => url is null ? null : new TaskFile(url);

    /// <summary>Places the order. Whatever the upstream or the network does is in the receipt.</summary>
    /// <param name="message">Channel, credential and the upstream's name of the model.</param>
    /// <param name="order">The order.</param>
    /// <param name="http">The channel's connections.</param>
    /// <param name="cancel">A timeout: an order that is cut off leaves everybody unsure.</param>
    public async Task<TaskReceipt> SubmitAsync(UpstreamMessage message, TaskOrder order, HttpMessageInvoker http, CancellationToken cancel)
    {
        try
        {
            var receipt = await OrderAsync(message, order, http, cancel);
            return receipt.Fault is null && receipt.UpstreamId.Length == 0
                ? TaskReceipt.Lost(502, "The upstream accepted the task and did not name it.")
                : receipt;
        }
        catch (TaskRefusedException refusal)
        {
            return TaskReceipt.Refused(refusal.Fault);
        }
        catch (ProviderException error)
        {
            return TaskReceipt.Refused(error.ToFault());
        }
        catch (HttpRequestException error) when (NeverArrived(error))
        {
            return TaskReceipt.Refused(new RelayFault(500, "do_request_failed", "The upstream could not be reached.") { Leg = Leg.Connect });
        }
        catch (OperationCanceledException)
        {
            return TaskReceipt.Lost(504, "The upstream did not say in time whether it accepts the task.");
        }
        catch (Exception error) when (IsUpstreamTrouble(error))
        {
            return TaskReceipt.Lost(502, "The upstream broke off before it said whether it accepts the task.");
        }
    }

    /// <summary>Asks how tasks are doing, no more than <see cref="BatchSize"/> of them.</summary>
    /// <inheritdoc cref="SubmitAsync"/>
    /// <param name="tasks">Which.</param>
    public async Task<TaskAnswer> AskAsync(UpstreamMessage message, IReadOnlyList<AskedTask> tasks, HttpMessageInvoker http, CancellationToken cancel)
    {
        try
        {
            return new TaskAnswer(await LookAsync(message, tasks, http, cancel), null);
        }
        catch (TaskRefusedException refusal) when (tasks.Count == 1 && refusal.SaysMissing)
        {
            return new TaskAnswer([new TaskReport { UpstreamId = tasks[0].UpstreamId, State = TaskState.Missing, Reason = refusal.Fault.Message }], null);
        }
        catch (TaskRefusedException refusal)
        {
            return new TaskAnswer([], refusal.Fault);
        }
        catch (ProviderException error)
        {
            return new TaskAnswer([], error.ToFault());
        }
        catch (OperationCanceledException)
        {
            return new TaskAnswer([], new RelayFault(504, "do_request_failed", "The upstream did not answer in time.") { Leg = Leg.Connect });
        }
        catch (Exception error) when (IsUpstreamTrouble(error))
        {
            return new TaskAnswer([], new RelayFault(502, "do_request_failed", "The upstream could not be reached or understood.") { Leg = Leg.Connect });
        }
    }

    /// <summary>The order as the upstream takes it.</summary>
    protected abstract HttpRequestMessage Order(UpstreamMessage message, TaskOrder order);

    /// <summary>Reads what a successful answer says to an order. Throws <see cref="Refusal"/> for a refusal that looks like a success.</summary>
    protected abstract TaskReceipt ReadReceipt(JsonElement answer);

    /// <summary>The question about tasks.</summary>
    protected abstract HttpRequestMessage Question(UpstreamMessage message, IReadOnlyList<AskedTask> tasks);

    /// <summary>Reads what a successful answer says of them.</summary>
    protected abstract IReadOnlyList<TaskReport> ReadReports(JsonElement answer, IReadOnlyList<AskedTask> tasks);

    /// <summary>For services that need more than one request.</summary>
    protected virtual async Task<TaskReceipt> OrderAsync(UpstreamMessage message, TaskOrder order, HttpMessageInvoker http, CancellationToken cancel)
    {
        using var request = Order(message, order);
        var answer = await SendAsync(request, http, cancel);
        return GatewayTasks.ReceiptOf(answer) ?? ReadReceipt(answer);
    }

    /// <inheritdoc cref="OrderAsync"/>
    protected virtual async Task<IReadOnlyList<TaskReport>> LookAsync(
        UpstreamMessage message, IReadOnlyList<AskedTask> tasks, HttpMessageInvoker http, CancellationToken cancel)
    {
        using var request = Question(message, tasks);
        var answer = await SendAsync(request, http, cancel);
        return GatewayTasks.ReportsOf(answer) ?? ReadReports(answer, tasks);
    }

    /// <summary>Sends a request and reads its JSON answer.</summary>
    /// <exception cref="TaskRefusedException">The status says no.</exception>
    protected static async Task<JsonElement> SendAsync(HttpRequestMessage request, HttpMessageInvoker http, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(http);
        using var response = await http.SendAsync(request, cancel);
        if (response.IsSuccessStatusCode)
        {
            return await Answer.ReadJsonAsync(response, cancel);
        }
        var body = await ReadErrorAsync(response, cancel);
        var fault = UpstreamError.Parse(Dialect.OpenAIChat, (int)response.StatusCode, body, response.Content.Headers.ContentType?.MediaType) with
        {
            RetryAfter = response.Headers.RetryAfter?.Delta is { Ticks: > 0 } wait ? wait : null,
        };
        throw new TaskRefusedException(fault, GatewayTasks.SaysMissing(body));
    }

    /// <summary>A POST of JSON below the channel's address, with the profile's credential unless another one is given.</summary>
    protected static HttpRequestMessage Post(UpstreamMessage message, string path, JsonObject body, string? authorization = null) =>
        Post(message, path, Answer.Content(body), authorization);

    protected static HttpRequestMessage Post(UpstreamMessage message, string path, HttpContent content, string? authorization = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Finish(UpstreamRequests.Post(message.Account.At(path), content), message, authorization);
    }

    /// <summary>A GET below the channel's address.</summary>
    /// <inheritdoc cref="Post(UpstreamMessage, string, JsonObject, string?)"/>
    protected static HttpRequestMessage Get(UpstreamMessage message, string path, string? authorization = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Finish(new HttpRequestMessage(HttpMethod.Get, message.Account.At(path)), message, authorization);
    }

    /// <summary>What a service throws when an answer that looks like a success says no.</summary>
    /// <param name="status">The HTTP status that it should have been.</param>
    /// <param name="code">The provider's code.</param>
    /// <param name="reason">The provider's words.</param>
    protected static Exception Refusal(int status, string code, string? reason)
    {
        var body = new JsonObject { ["error"] = new JsonObject { ["message"] = reason ?? "The upstream refused.", ["type"] = "upstream_error", ["code"] = code } };
        return new TaskRefusedException(UpstreamError.Parse(Dialect.OpenAIChat, status, Encoding.UTF8.GetBytes(body.ToJsonString()), "application/json"));
    }

    /// <summary>Puts the caller's own members over a payload.</summary>
    /// <param name="payload">What the gateway makes of the order.</param>
    /// <param name="order">The order.</param>
    /// <param name="kept">Members that are not the caller's to set: the model, which has been priced.</param>
    protected static JsonObject Overlay(JsonObject payload, TaskOrder order, params ReadOnlySpan<string> kept)
    {
        ArgumentNullException.ThrowIfNull(payload);
        ArgumentNullException.ThrowIfNull(order);
        foreach (var (name, value) in order.Metadata ?? [])
        {
            if (!kept.Contains(name))
            {
                payload[name] = value?.DeepClone();
            }
        }
        return payload;
    }

    private static HttpRequestMessage Finish(HttpRequestMessage request, UpstreamMessage message, string? authorization)
    {
        if (authorization is null)
        {
            UpstreamRequests.AddCredential(request.Headers, message);
        }
        else
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }
        return UpstreamRequests.Finish(request, message);
    }

    private static async Task<byte[]> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[LargestError];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return buffer[..length];
    }

    /// <summary>It failed before a byte of the order was on its way.</summary>
    public static bool NeverArrived(HttpRequestException error) => error.HttpRequestError
        is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError
        or HttpRequestError.ProxyTunnelError;

    private static bool IsUpstreamTrouble(Exception error) =>
        error is HttpRequestException or IOException or JsonException or InvalidOperationException or FormatException or InvalidDataException;
}
