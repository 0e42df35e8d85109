using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Usage;

/// <summary>A line of the usage log.</summary>
internal sealed record LogView
{
    /// <summary>What only administrators may see of <c>other</c>.</summary>
    private static readonly string[] Internals = ["admin_info", "audit_info", "stream_status", "reject_reason"];

    public long Id { get; init; }

    public long UserId { get; init; }

    public long CreatedAt { get; init; }

    public long Type { get; init; }

    public required string Content { get; init; }

    public required string Username { get; init; }

    public required string TokenName { get; init; }

    public required string ModelName { get; init; }

    public long Quota { get; init; }

    public long PromptTokens { get; init; }

    public long CompletionTokens { get; init; }

    public long UseTime { get; init; }

    public bool IsStream { get; init; }

    public long Channel { get; init; }

    public required string ChannelName { get; init; }

    public long TokenId { get; init; }

    public required string Group { get; init; }

    public required string Ip { get; init; }

    public required string RequestId { get; init; }

    public required string Other { get; init; }

    public static LogView ForAdmin(LogRow row, string? channelName) => Of(row) with { ChannelName = channelName ?? "" };

    /// <summary>For the account's own eyes: a number of the page in place of the id, nothing about channels' inner life.</summary>
    public static LogView ForOwner(LogRow row, long number) => Of(row) with { Id = number, Other = WithoutInternals(row.Other) };

    private static LogView Of(LogRow row) => new()
    {
        Id = row.Id,
        UserId = row.UserId,
        CreatedAt = row.CreatedAt,
        Type = row.Type,
        Content = row.Content,
        Username = row.Username,
        TokenName = row.TokenName,
        ModelName = row.ModelName,
        Quota = row.Quota,
        PromptTokens = row.PromptTokens,
        CompletionTokens = row.CompletionTokens,
        UseTime = row.UseTime,
        IsStream = row.IsStream,
        Channel = row.ChannelId,
        ChannelName = "",
        TokenId = row.TokenId,
        Group = row.Group,
        Ip = row.Ip,
        RequestId = row.RequestId,
        Other = row.Other,
    };

    private static string WithoutInternals(string other)
    {
        if (other.Length == 0 || !Array.Exists(Internals, name => other.Contains(name, StringComparison.Ordinal)))
        {
            return other;
        }
        try
        {
            if (JsonNode.Parse(other) is JsonObject json)
            {
                foreach (var name in Internals)
                {
                    json.Remove(name);
                }
                return json.ToJsonString();
            }
        }
        catch (JsonException)
        {
            // Unreadable text that mentions an internal: better nothing than that.
        }
        return "";
    }
}

internal sealed record StatView(long Quota, long Rpm, long Tpm);
