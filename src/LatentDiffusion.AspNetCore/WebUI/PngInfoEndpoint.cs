using System.Text.Json.Nodes;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary><c>POST /sdapi/v1/png-info</c>: the texts of an image file.</summary>
internal static class PngInfoEndpoint
{
    private const string ImageField = "image", Key = "parameters";

    /// <summary>Entries that the web UI divides at the x.</summary>
    private static readonly string[] s_sizes = ["Size", "Hires resize"];

    public static async Task<IResult> PostAsync(HttpContext context)
    {
        FieldReader fields = await RequestBody.ReadAsync(context).ConfigureAwait(false);
        string image = fields.Text(ImageField, "")!;
        IReadOnlyDictionary<string, string> texts = new Dictionary<string, string>();
        WebUIParameters parameters = new() { Prompt = "" };
        try
        {
            texts = ImageTexts.Read(Base64File.Decode(image) ?? []);
            parameters = WebUIParameters.Parse(texts.GetValueOrDefault(Key, ""));
        }
        catch (InvalidDataException e)
        {
            fields.Add(ImageField, e.Message);
        }

        fields.ThrowIfInvalid();
        return JsonAnswer.Of(new JsonObject
        {
            ["info"] = texts.GetValueOrDefault(Key, ""), ["items"] = Object(texts.Select(text => (text.Key, text.Value))),
            ["parameters"] = Object(texts.ContainsKey(Key) ? Entries(parameters) : []),
        });
    }

    private static IEnumerable<(string Key, string Value)> Entries(WebUIParameters parameters)
    {
        yield return ("Prompt", parameters.Prompt);
        yield return ("Negative prompt", parameters.NegativePrompt);
        foreach ((string key, string value) in parameters.ToEntries())
        {
            if (!s_sizes.Contains(key) || value.Split('x') is not [var width, var height])
            {
                yield return (key, value);
                continue;
            }

            yield return ($"{key}-1", width);
            yield return ($"{key}-2", height);
        }
    }

    private static JsonObject Object(IEnumerable<(string Key, string Value)> entries)
    {
        var json = new JsonObject();
        foreach ((string key, string value) in entries) json[key] = value;
        return json;
    }
}
