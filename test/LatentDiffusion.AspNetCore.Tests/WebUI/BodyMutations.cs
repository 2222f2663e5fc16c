using System.Text.Json.Nodes;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

/// <summary>Changes JSON bodies at random: members, values and characters.</summary>
internal sealed class BodyMutations(int seed)
{
    private static readonly string[] s_values =
    [
        "null", "true", "false", "0", "-1", "1", "2.5", "1e308", "-1e308", "9223372036854775807", "18446744073709551616", "\"\"",
        "\"7\"", "\"Infinity\"", "\"\\ud800\"", "\"\\u0000\"", "[]", "{}", "[[[[]]]]", "[null]", "{\"a\":{\"b\":[1]}}", "[\"cape\"]",
        "{\"sd_model_checkpoint\":\"owner/other\"}", "\"data:image/png;base64,\"", "\"Karras\"", "\"DPM++ 2M\"",
    ];

    private static readonly string[] s_names = ["enable_hr", "mask", "styles", "override_settings", "hr_scale", "eta", "seed", "colour"];

    private readonly Random _random = new(seed);

    public string Mutate(string body)
    {
        for (int changes = _random.Next(1, 4); changes > 0; changes--) body = _random.Next(3) == 0 ? ChangeText(body) : ChangeMember(body);
        return body;
    }

    private string ChangeMember(string body)
    {
        JsonObject json;
        try
        {
            if (JsonNode.Parse(body) is not JsonObject parsed) return body;
            json = parsed;
            string[] names = [.. json.Select(member => member.Key)];
            string name = names.Length == 0 || _random.Next(4) == 0 ? Pick(s_names) : Pick(names);
            if (_random.Next(4) == 0) json.Remove(name);
            else json[name] = JsonNode.Parse(Pick(s_values));
            return json.ToJsonString();
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException or InvalidOperationException)
        {
            // An earlier change made it something else than JSON.
            return ChangeText(body);
        }
    }

    private string ChangeText(string body)
    {
        if (body.Length == 0) return Pick(s_values);
        int at = _random.Next(body.Length), length = Math.Min(_random.Next(1, 20), body.Length - at);
        return _random.Next(4) switch
        {
            0 => body.Remove(at, length),
            1 => body.Insert(at, body.Substring(at, length)),
            2 => body[..at],
            _ => $"{body[..at]}{(char)_random.Next(1, 0x250)}{body[(at + 1)..]}",
        };
    }

    private string Pick(string[] values) => values[_random.Next(values.Length)];
}
