using System.Net.ServerSentEvents;
using System.Text.Json;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Reads the events of a response.</summary>
internal static class ServerSentEvents
{
    public static async Task<IReadOnlyList<(string Name, JsonElement Data)>> ReadEventsAsync(this HttpResponseMessage response)
    {
        var events = new List<(string, JsonElement)>();
        await foreach (SseItem<string> item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
            events.Add((item.EventType, JsonElement.Parse(item.Data)));
        return events;
    }
}
