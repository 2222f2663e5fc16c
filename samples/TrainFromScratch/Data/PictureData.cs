using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LatentDiffusion;

namespace TrainFromScratch;

/// <summary>
/// The user's pictures: opened, split by their content into training, validation and test (8 : 1 : 1), brought to one
/// size. The one place that knows where pictures come from.
/// </summary>
internal static class PictureData
{
    private const int Parts = 10;

    /// <returns>What the data are, by their content; and the pictures to train and to validate on.</returns>
    public static (string Key, ICaptionedImageSource Training, ICaptionedImageSource Validation) Open(string path, int size)
    {
        // CONNECT: CaptionedImages.Open(path), DataSplit and PreparedImages take the place of the reader below.
        Entry[] entries = Read(path);
        Entry[] training = [.. entries.Where(e => e.Part < Parts - 2)], validation = [.. entries.Where(e => e.Part == Parts - 2)];
        if (training.Length < 1 || validation.Length < 2)
            throw new InvalidDataException($"'{path}' holds {entries.Length} pictures: too few to train on {training.Length} and validate on {validation.Length}.");
        string key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(entries.Select(e => e.Hash + e.Caption)))));
        return (key, new RememberedImages(new Files(training, size)), new RememberedImages(new Files(validation, size)));
    }

    private static Entry[] Read(string path)
    {
        string metadata = Path.Combine(path, "metadata.jsonl");
        if (!File.Exists(metadata)) throw new FileNotFoundException($"There is no '{metadata}'; --data takes a folder of pictures with one.");
        return [.. File.ReadLines(metadata).Where(line => line.Length > 0).AsParallel().AsOrdered().Select(line =>
        {
            using JsonDocument json = JsonDocument.Parse(line);
            string file = Path.Combine(path, json.RootElement.GetProperty("file_name").GetString()!);
            byte[] hash = SHA256.HashData(File.ReadAllBytes(file));
            return new Entry(file, json.RootElement.GetProperty("text").GetString()!, Convert.ToHexString(hash), BitConverter.ToUInt16(hash) % Parts);
        })];
    }

    private sealed record Entry(string File, string Caption, string Hash, int Part);

    private sealed class Files(Entry[] entries, int size) : ICaptionedImageSource
    {
        public long? Count => entries.Length;

        public CaptionedImage Read(long index)
        {
            Entry entry = entries[index];
            return new CaptionedImage(new SkiaImageCodec().Decode(File.ReadAllBytes(entry.File)).ResizeAndCrop(size, size), entry.Caption, entry.File);
        }
    }
}
