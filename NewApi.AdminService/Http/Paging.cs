using LinqToDB.Async;

namespace NewApi.AdminService.Http;

/// <summary>Page and size of a list request, with the fall-backs and bounds that clients rely on (specification: admin API §1.3).</summary>
internal readonly record struct Paging(int Page, int Size)
{
    private const int DefaultSize = 10;
    private const int MaximumSize = 100;

    public int Skip => (int)Math.Min(int.MaxValue - MaximumSize, (long)(Page - 1) * Size);

    public static Paging Of(HttpRequest request, int defaultSize = DefaultSize)
    {
        var query = request.Query;
        var size = Number(query["page_size"]) ?? Number(query["ps"]) ?? Number(query["size"]) ?? defaultSize;
        return new Paging(Math.Max(1, Number(query["p"]) ?? 1), Math.Min(size, MaximumSize));

        static int? Number(string? text) => int.TryParse(text, out var value) && value > 0 ? value : null;
    }

    /// <summary>Counts and reads one page of an ordered query.</summary>
    public async Task<Page<TView>> ReadAsync<TRow, TView>(
        IQueryable<TRow> filtered, IQueryable<TRow> ordered, Func<TRow, TView> view, CancellationToken ct, int countCap = int.MaxValue)
    {
        var total = countCap == int.MaxValue ? await filtered.CountAsync(ct) : await filtered.Take(countCap).CountAsync(ct);
        var rows = await ordered.Skip(Skip).Take(Size).ToListAsync(ct);
        return new Page<TView>(Page, Size, total, [.. rows.Select(view)]);
    }
}

/// <summary>
/// A page that follows another: from a row on, and not counted, which stays quick however long the list is. A caller asks for it with an
/// empty <c>cursor</c> first, then with the one that the last page gave; no cursor means that there is no more.
/// </summary>
internal sealed record CursorPage<T>(int PageSize, string NextCursor, IReadOnlyList<T> Items)
{
    public const string Parameter = "cursor";
}

internal sealed record Page<T>(
    [property: System.Text.Json.Serialization.JsonPropertyName("page")] int Number,
    [property: System.Text.Json.Serialization.JsonPropertyName("page_size")] int Size,
    long Total,
    IReadOnlyList<T> Items);
