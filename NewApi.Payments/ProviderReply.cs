using System.Text.Json;

namespace NewApi.Payments;

/// <summary>Sends a request to a provider and reads its JSON answer, of which only so much is taken.</summary>
internal static class ProviderReply
{
    private const int Limit = 1024 * 1024;

    public static async Task<JsonDocument> SendAsync(HttpClient client, HttpRequestMessage request, CancellationToken cancel)
    {
        using (request)
        {
            try
            {
                client.MaxResponseContentBufferSize = Limit;
                using var response = await client.SendAsync(request, cancel);
                if (!response.IsSuccessStatusCode)
                {
                    throw new PaymentProviderException($"The provider answered {(int)response.StatusCode}.");
                }
                return JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancel));
            }
            catch (Exception fault) when (fault is HttpRequestException or JsonException
                || (fault is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                throw new PaymentProviderException("The provider cannot be reached, or its answer cannot be read.", fault);
            }
        }
    }
}
