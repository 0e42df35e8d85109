using NewApi.Data.Rows;

namespace NewApi.Data.Callers;

/// <summary>A relay key and the account it belongs to. The password hash is not loaded.</summary>
public sealed record CallerRows(TokenRow Token, UserRow User);
