using System.Text.Json;
using System.Text.Json.Serialization;

namespace NewApi.Domain.Options;

/// <summary>Compiled JSON of the option values that are lists or maps.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(Dictionary<string, long>))]
[JsonSerializable(typeof(Dictionary<string, long[]>))]
[JsonSerializable(typeof(Dictionary<string, Dictionary<string, string>>))]
[JsonSerializable(typeof(Dictionary<string, Dictionary<string, JsonElement>>))]
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(List<decimal>))]
[JsonSerializable(typeof(List<PriceCatalogSource>))]
internal sealed partial class OptionJson : JsonSerializerContext;
