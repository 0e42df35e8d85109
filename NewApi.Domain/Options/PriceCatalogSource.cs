namespace NewApi.Domain.Options;

/// <summary>A public price list that can be compared with our tables.</summary>
public sealed record PriceCatalogSource(string Name, string Url);
