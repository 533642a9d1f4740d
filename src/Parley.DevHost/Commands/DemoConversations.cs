using System.Net.Http.Headers;
using System.Text.Json;

namespace Parley.DevHost.Commands;

/// <summary>The sample conversations of <c>./dev run --demo</c>.</summary>
internal static class DemoConversations
{
    private static readonly (string Title, string[] Messages)[] Samples =
    [
        ("Delivery to Tartu",
        [
            "Good morning, how can we help?",
            "Your parcel left our warehouse yesterday.",
            "It arrives tomorrow before noon.",
        ]),
        ("Invoice 2041",
        [
            "Thank you for writing to us.",
            "The corrected invoice is on its way to your inbox.",
        ]),
        ("Opening hours",
        [
            "We are open from 9 to 18 on weekdays.",
            "On Saturdays from 10 to 15.",
            "Closed on Sundays.",
            "See you soon!",
        ]),
    ];

    public static async Task CreateAsync(Uri api, string apiKey, CancellationToken cancellationToken)
    {
        using var http = new HttpClient
        {
            BaseAddress = api,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", apiKey) },
        };
        foreach (var (title, messages) in Samples)
        {
            var conversation = await PostAsync(http, "v1/conversations", new { title }, cancellationToken);
            var number = conversation.GetProperty("number").GetInt64();
            foreach (var message in messages)
            {
                await PostAsync(http, $"v1/conversations/{number}/messages", new { message }, cancellationToken);
            }

            Console.WriteLine($"Sample conversation {number}: {title}, {messages.Length} messages.");
        }
    }

    private static async Task<JsonElement> PostAsync(
        HttpClient http, string path, object body, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync(path, body, cancellationToken);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
    }
}
