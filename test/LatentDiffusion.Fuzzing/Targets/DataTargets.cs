using System.Text;
using Parquet;
using Parquet.Schema;

namespace LatentDiffusion.Fuzzing;

/// <summary>Data sets: captions, metadata and tables.</summary>
internal static class DataTargets
{
    private static readonly Type[] s_refusals = [typeof(InvalidDataException), typeof(FileNotFoundException)];

    private static readonly byte[] s_png = new SkiaImageCodec().EncodePng(new ImageBuffer(2, 2, new byte[12]));

    public static FuzzTarget Captions(string name, string folder)
    {
        byte[] utf8 = "a red star"u8.ToArray();
        byte[] utf16 = [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("a “star”")];
        return Folder(name, folder, "a.txt", random => ByteMutation.Apply(random.Next(2) == 0 ? utf8 : utf16, random));
    }

    public static FuzzTarget JsonLines(string name, string folder)
    {
        const string Lines = "{\"file_name\":\"a.png\",\"text\":\"a star\"}\n{\"file_name\":\"b.png\",\"text\":\"b\"}\n";
        string[] pieces =
        [
            "{", "}", "\n", "\"file_name\":", "\"text\":", "null", "[\"a\",\"b\"]", "\"../a.png\"", "\"/dev/zero\"", "\"\\ud800\"",
            "\"a.png\"", "1",
        ];
        return Folder(
            name, folder, "metadata.jsonl", random => Encoding.UTF8.GetBytes(TextMutation.Apply(Lines, random, pieces)));
    }

    public static FuzzTarget Csv(string name, string folder)
    {
        const string Lines = "file_name,text\na.png,\"a \"\"red\"\" star\"\nb.png,b\n";
        string[] pieces = [",", "\"", "\n", "\r\n", "file_name", "text", "a.png", "../a.png", "\"\""];
        return Folder(
            name, folder, "metadata.csv", random => Encoding.UTF8.GetBytes(TextMutation.Apply(Lines, random, pieces)));
    }

    public static FuzzTarget Parquet(string name, string folder)
    {
        string path = Path.Combine(folder, "a.parquet");
        WriteTable(path).GetAwaiter().GetResult();
        byte[] seed = File.ReadAllBytes(path);
        return new FuzzTarget(name, random => ByteMutation.Apply(seed, random), bytes => Read(path, bytes, path), s_refusals);
    }

    private static FuzzTarget Folder(string name, string folder, string file, Func<Random, byte[]> make)
    {
        File.WriteAllBytes(Path.Combine(folder, "a.png"), s_png);
        if (file != "a.txt") File.WriteAllBytes(Path.Combine(folder, "b.png"), s_png);
        return new FuzzTarget(name, make, bytes => Read(Path.Combine(folder, file), bytes, folder), s_refusals);
    }

    private static void Read(string path, byte[] bytes, string dataSet)
    {
        File.WriteAllBytes(path, bytes);
        StoredImages images = CaptionedImages.Open(dataSet);
        for (long i = 0; i < images.Count; i++) _ = images.Read(i);
    }

    private static async Task WriteTable(string path)
    {
        var schema = new ParquetSchema(new DataField<string>("text"), new DataField<byte[]>("image"));
        using FileStream file = File.Create(path);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, file);
        using ParquetRowGroupWriter group = writer.CreateRowGroup();
        await group.WriteAsync(schema.DataFields[0], new[] { "one", "two" });
        await group.WriteAsync(schema.DataFields[1], new[] { s_png, s_png });
        group.CompleteValidate();
    }
}
