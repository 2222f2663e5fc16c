using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>A right request with mutations: of its fields, or of its bytes.</summary>
internal sealed record MutatedRequest(string Path, string ContentType, byte[] Body)
{
    private const string Boundary = "part-of-the-form";

    private static readonly byte[] s_image = TestImages.Png(8, 8), s_mask = TestImages.LeftTransparent(8, 8);

    private static readonly string[] s_fields =
    [
        "prompt", "model", "n", "size", "response_format", "output_format", "output_compression", "stream", "partial_images", "background",
        "quality", "user", "seed", "steps", "guidance_scale", "negative_prompt", "strength", "inpainting", "upscale", "churn", "timesteps",
        "sigmas", "control_weights", "size_conditioning_input", "scheduler_name", "time_limit", "image", "mask", "nonsense", "",
    ];

    private static readonly string[] s_values =
    [
        "null", "true", "false", "0", "1", "-1", "2", "1e400", "-0.0", "18446744073709551616", "\"\"", "\"a\"", "\"64x64\"", "\"auto\"",
        "\"x\"", "\"1e9x1\"", "\"-1x-1\"", "\"png\"", "\"url\"", "\"NaN\"", "\"Infinity\"", "\"\\u0000\"", "\"\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "[]", "[1]", "[1,0.5]", "[[[[]]]]", "{}", "{\"width\":64,\"height\":64}", "{\"a\":{\"b\":[1]}}", "[null]", "{\"mask_padding\":1e9}",
    ];

    public static MutatedRequest Create(int seed)
    {
        var random = new Random(seed);
        Dictionary<string, string> fields = new() { ["prompt"] = "\"a fox\"", ["n"] = "1", ["seed"] = "5", ["steps"] = "2" };
        if (random.Next(3) > 0)
            for (int i = random.Next(3); i >= 0; i--) fields[Pick(random, s_fields)] = Pick(random, s_values);
        bool isJson = random.Next(2) == 0;
        string path = $"v1/images/{(isJson ? "generations" : Pick(random, ["edits", "variations"]))}";
        byte[] body = isJson ? Json(random, fields) : Form(random, fields);
        string type = isJson ? "application/json" : $"multipart/form-data; boundary={Boundary}";
        if (random.Next(2) == 0) body = Mutate(random, body);
        if (random.Next(20) == 0) type = Mutate(random, type);
        return new MutatedRequest(path, type, body);
    }

    private static byte[] Json(Random random, Dictionary<string, string> fields)
    {
        IEnumerable<string> members = fields.Select(field => $"{JsonSerializer.Serialize(field.Key)}: {field.Value}");
        string json = $"{{{string.Join(", ", members)}}}";
        if (random.Next(30) == 0) json = $"{new string('[', random.Next(200))}{json}";
        return Encoding.UTF8.GetBytes(json);
    }

    private static byte[] Form(Random random, Dictionary<string, string> fields)
    {
        using var body = new MemoryStream();
        foreach ((string name, string value) in fields)
        {
            string text = value.StartsWith('"') && !value.Contains("ud800") ? JsonNode.Parse(value)!.GetValue<string>() : value;
            Part($"form-data; name=\"{name}\"", Encoding.UTF8.GetBytes(text));
        }

        for (int i = random.Next(8) == 0 ? random.Next(4) : 1; i > 0; i--) File(Pick(random, ["image", "image[]"]), s_image);
        if (random.Next(2) == 0) File("mask", s_mask);
        if (random.Next(6) == 0) File(Pick(random, s_fields), s_image);
        body.Write(Encoding.ASCII.GetBytes($"--{Boundary}--\r\n"));
        return body.ToArray();

        void File(string name, byte[] content) => Part(
            $"form-data; name=\"{name}\"; filename=\"image.png\"", random.Next(4) == 0 ? Mutate(random, content) : content);

        void Part(string disposition, byte[] content)
        {
            body.Write(Encoding.UTF8.GetBytes($"--{Boundary}\r\nContent-Disposition: {disposition}\r\n\r\n"));
            body.Write(content);
            body.Write("\r\n"u8);
        }
    }

    /// <summary>Changes, removes, repeats or inserts some bytes.</summary>
    private static byte[] Mutate(Random random, byte[] bytes)
    {
        List<byte> mutated = [.. bytes];
        for (int i = random.Next(4); i >= 0 && mutated.Count > 0; i--)
        {
            int at = random.Next(mutated.Count), length = Math.Min(random.Next(1, 40), mutated.Count - at);
            switch (random.Next(5))
            {
                case 0: mutated[at] = (byte)random.Next(256); break;
                case 1: mutated.RemoveRange(at, length); break;
                case 2: mutated.InsertRange(at, mutated.GetRange(at, length)); break;
                case 3: mutated.Insert(at, (byte)random.Next(256)); break;
                default: mutated.RemoveRange(at, mutated.Count - at); break;
            }
        }

        return [.. mutated];
    }

    private static string Mutate(Random random, string type) =>
        Encoding.ASCII.GetString([.. Mutate(random, Encoding.ASCII.GetBytes(type)).Select(b => b is < 32 or > 126 ? (byte)'x' : b)]);

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];
}
