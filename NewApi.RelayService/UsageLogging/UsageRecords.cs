using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Data.Ledger;
using NewApi.Domain;
using NewApi.Domain.Funding;
using NewApi.Domain.Pricing;
using NewApi.Protocols;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Settlement;
using NewApi.ServiceDefaults;

namespace NewApi.RelayService.UsageLogging;

/// <summary>How a stream ended, as the log names it.</summary>
internal enum StreamEndReason
{
    Done,
    ClientGone,
    IdleTimeout,
    UpstreamCut,
    UpstreamError,
}

/// <summary>Makes the record of a call: the charge and the row of the usage log (specification: billing §10).</summary>
internal sealed class UsageRecords(TimeProvider clock)
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _space;

    [ThreadStatic]
    private static Utf8JsonWriter? _json;

    /// <summary>The final record of a call.</summary>
    public UsageRecord Make(RelayCall call, Channel channel, Charge charge, Quota? cost, StreamTap? tap, StreamEndReason end) =>
        Make(call, channel, charge.Quota) with
        {
            PromptTokens = charge.PromptTokens,
            CompletionTokens = charge.CompletionTokens,
            Counted = !charge.Nothing,
            Cost = cost?.Points,
            Content = charge.Nothing ? "The upstream reported no usage; nothing was charged." : charge.Describe(),
            Other = Other(call, channel, charge, cost, tap, end),
        };

    /// <summary>The record of a fee for a refused call.</summary>
    public UsageRecord MakeFee(RelayCall call, Channel channel, RelayFault fault, Quota fee, decimal amount) =>
        Make(call, channel, fee) with
        {
            Content = "Fee for a request that the upstream refused as a violation of its rules.",
            Other = FeeOther(call, channel, fault, fee, amount),
        };

    private UsageRecord Make(RelayCall call, Channel channel, Quota charged)
    {
        var caller = call.Caller;
        return new UsageRecord
        {
            RequestId = call.RequestId,
            UserId = caller.UserId,
            Username = caller.Username,
            TokenId = caller.TokenId,
            TokenName = caller.TokenName,
            ChannelId = channel.Id,
            Model = call.Model,
            Group = call.Group,
            Points = charged.Points,
            UseSeconds = (long)clock.GetElapsedTime(call.StartedAt).TotalSeconds,
            IsStream = call.Stream,
            Logged = call.Snapshot.Options.LogConsumeEnabled,
            Ip = caller.RecordsAddress ? ClientAddress.Of(call.Http).ToString() : "",
            CreatedAt = clock.GetUtcNow().ToUnixTimeSeconds(),
        };
    }

    private static string FeeOther(RelayCall call, Channel channel, RelayFault fault, Quota fee, decimal amount)
    {
        var space = _space ??= new ArrayBufferWriter<byte>(1024);
        space.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(space))
        {
            json.WriteStartObject();
            json.WriteBoolean("violation_fee"u8, true);
            json.WriteString("violation_fee_code"u8, fault.Code);
            json.WriteNumber("fee_quota"u8, fee.Points);
            json.WriteNumber("base_amount"u8, amount);
            json.WriteNumber("group_ratio"u8, call.Price.GroupRatio);
            json.WriteNumber("user_group_ratio"u8, call.Price.UserGroupRatio ?? -1);
            json.WriteNumber("status_code"u8, fault.Status);
            json.WriteString("upstream_error_type"u8, fault.Type);
            json.WriteString("upstream_error_code"u8, fault.UpstreamCode ?? "");
            json.WriteString("violation_fee_marker"u8, ViolationFee.MarkerOf(fault) ?? "");
            json.WriteString("request_path"u8, call.Http.Request.Path.Value);
            WriteFunding(json, call.Hold!);
            json.WriteStartObject("admin_info"u8);
            WriteTried(json, call, channel);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(space.WrittenSpan);
    }

    private string Other(RelayCall call, Channel channel, Charge charge, Quota? cost, StreamTap? tap, StreamEndReason end)
    {
        var space = _space ??= new ArrayBufferWriter<byte>(1024);
        space.ResetWrittenCount();
        var json = _json ??= new Utf8JsonWriter(space);
        json.Reset(space);
        json.WriteStartObject();
        charge.WriteOther(json);
        json.WriteNumber("frt"u8, call.FirstByteAt == 0 ? 0 : (long)clock.GetElapsedTime(call.StartedAt, call.FirstByteAt).TotalMilliseconds);
        json.WriteString("request_path"u8, call.Http.Request.Path.Value);
        if ((call.Scan.ReasoningEffort ?? call.Effort) is { } effort)
        {
            json.WriteString("reasoning_effort"u8, effort);
        }
        if (call.Overridden.Count > 0)
        {
            json.WriteStartArray("po"u8);
            foreach (var change in call.Overridden)
            {
                json.WriteStringValue(change);
            }
            json.WriteEndArray();
        }
        if (call.UpstreamModel != call.Model)
        {
            json.WriteBoolean("is_model_mapped"u8, true);
            json.WriteString("upstream_model_name"u8, call.UpstreamModel);
        }
        if (call.SystemPromptChanged)
        {
            json.WriteBoolean("is_system_prompt_overwritten"u8, true);
        }
        if (call.UpstreamDialect != call.Dialect)
        {
            json.WriteStartArray("request_conversion"u8);
            json.WriteStringValue(FormatOf(call.Dialect));
            json.WriteStringValue(FormatOf(call.UpstreamDialect));
            json.WriteEndArray();
        }
        WriteFunding(json, call.Hold!);
        if (end != StreamEndReason.Done)
        {
            json.WriteStartObject("stream_status"u8);
            json.WriteString("status"u8, "error"u8);
            json.WriteString("end_reason"u8, NameOf(end));
            json.WriteNumber("error_count"u8, (tap?.MalformedFrames ?? 0) + 1);
            json.WriteEndObject();
        }
        WriteAdminInfo(json, call, channel, charge, cost);
        json.WriteEndObject();
        json.Flush();
        return Encoding.UTF8.GetString(space.WrittenSpan);
    }

    private static void WriteFunding(Utf8JsonWriter json, Hold hold)
    {
        json.WriteString("billing_source"u8, hold.SubscriptionId == 0 ? "wallet"u8 : "subscription"u8);
        json.WriteString("billing_preference"u8, BillingPreferences.NameOf(hold.Payer.Funding.Preference));
        if (hold.SubscriptionId == 0)
        {
            return;
        }
        foreach (var subscription in hold.Payer.Funding.Subscriptions)
        {
            if (subscription.Id == hold.SubscriptionId)
            {
                json.WriteNumber("subscription_id"u8, subscription.Id);
                json.WriteNumber("subscription_plan_id"u8, subscription.PlanId);
                json.WriteString("subscription_plan_title"u8, subscription.PlanTitle);
            }
        }
    }

    private static void WriteAdminInfo(Utf8JsonWriter json, RelayCall call, Channel channel, Charge charge, Quota? cost)
    {
        json.WriteStartObject("admin_info"u8);
        WriteTried(json, call, channel);
        json.WriteString("usage_billing_path"u8, charge.Estimated ? "local"u8 : "upstream"u8);
        charge.WriteAdminInfo(json);
        if (cost is { } known)
        {
            json.WriteNumber("purchase_quota"u8, known.Points);
        }
        json.WriteEndObject();
    }

    private static void WriteTried(Utf8JsonWriter json, RelayCall call, Channel channel)
    {
        AttemptFields.Write(json, call);
        if (channel.IsMultiKey)
        {
            json.WriteBoolean("is_multi_key"u8, true);
            json.WriteNumber("multi_key_index"u8, call.ServingKey?.Index ?? 0);
        }
        if (call.Affinity is { } affinity)
        {
            json.WritePropertyName("channel_affinity"u8);
            affinity.Describe().WriteTo(json);
        }
    }

    /// <summary>Format families in the words of the reference's logs.</summary>
    private static ReadOnlySpan<byte> FormatOf(Dialect dialect) => dialect switch
    {
        Dialect.AnthropicMessages => "claude"u8,
        Dialect.GeminiContent => "gemini"u8,
        Dialect.OpenAIResponses => "openai_responses"u8,
        _ => "openai"u8,
    };

    private static string NameOf(StreamEndReason end) => end switch
    {
        StreamEndReason.ClientGone => "client_gone",
        StreamEndReason.IdleTimeout => "idle_timeout",
        StreamEndReason.UpstreamCut => "upstream_cut",
        StreamEndReason.UpstreamError => "upstream_error",
        _ => "done",
    };
}
