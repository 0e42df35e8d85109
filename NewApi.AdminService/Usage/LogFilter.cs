using LinqToDB;
using NewApi.AdminService.Accounts;
using NewApi.AdminService.Http;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Usage;

/// <summary>The filters that lists and sums of the usage log share (specification: admin API §11).</summary>
internal sealed record LogFilter
{
    public long Type { get; init; }

    public long From { get; init; }

    public long Until { get; init; }

    public string Username { get; init; } = "";

    public string TokenName { get; init; } = "";

    /// <summary>A LIKE pattern, or null for every model.</summary>
    public string? Model { get; init; }

    public long Channel { get; init; }

    public string Group { get; init; } = "";

    public string RequestId { get; init; } = "";

    /// <summary>Null when the model pattern is out of bounds.</summary>
    public static LogFilter? Of(HttpRequest request, bool admin)
    {
        var model = request.Text("model_name");
        var pattern = model.Length == 0 ? null : SearchPattern.Whole(model);
        if (model.Length > 0 && pattern is null)
        {
            return null;
        }
        return new LogFilter
        {
            Type = request.Number("type"),
            From = request.Number("start_timestamp"),
            Until = request.Number("end_timestamp"),
            Username = admin ? request.Text("username") : "",
            TokenName = request.Text("token_name"),
            Model = pattern,
            Channel = admin ? request.Number("channel") : 0,
            Group = request.Text("group"),
            RequestId = request.Text("request_id"),
        };
    }

    public IQueryable<LogRow> Apply(IQueryable<LogRow> rows)
    {
        rows = Type != 0 ? rows.Where(row => row.Type == Type) : rows;
        rows = From != 0 ? rows.Where(row => row.CreatedAt >= From) : rows;
        rows = Until != 0 ? rows.Where(row => row.CreatedAt <= Until) : rows;
        return ApplyNames(rows);
    }

    /// <summary>Without type and time, for sums that have their own.</summary>
    public IQueryable<LogRow> ApplyNames(IQueryable<LogRow> rows)
    {
        rows = Username.Length > 0 ? rows.Where(row => row.Username == Username) : rows;
        rows = TokenName.Length > 0 ? rows.Where(row => row.TokenName == TokenName) : rows;
        rows = Channel != 0 ? rows.Where(row => row.ChannelId == Channel) : rows;
        rows = Group.Length > 0 ? rows.Where(row => row.Group == Group) : rows;
        rows = RequestId.Length > 0 ? rows.Where(row => row.RequestId == RequestId) : rows;
        return Model is { } pattern ? rows.Where(row => Sql.Like(row.ModelName, pattern, '~')) : rows;
    }

    public IQueryable<LogRow> ApplyConsumed(IQueryable<LogRow> rows) =>
        (this with { Type = LogType.Consume }).Apply(rows);
}
