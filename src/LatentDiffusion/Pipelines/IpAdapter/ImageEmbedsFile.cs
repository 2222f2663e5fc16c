using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Files of <see cref="ImageEmbeds"/>.</summary>
internal static class ImageEmbedsFile
{
    private const string Positive = "image_embeds", Negative = "negative_image_embeds";

    public static ImageEmbeds Read(string path, int adapter)
    {
        using ITensorSource file = Checkpoint.Open(path);
        if (file.Find(Positive) is { } own)
        {
            TensorEntry? negative = file.Find(Negative);
            bool fits = own.Shape.Count is 2 or 3 && (negative is null || negative.Shape.SequenceEqual(own.Shape));
            if (!fits) throw Unknown(file);
            if (adapter > 0) throw Missing(path, adapter, 1);
            return Checked(file, new ImageEmbeds([.. own.Shape], Values(file, own), negative is null ? null : Values(file, negative)));
        }

        // A list is saved as tensors that are named by their index, and one tensor without a name.
        TensorEntry[] list = [.. file.Entries.Where(entry => entry.Name is "" || entry.Name.All(char.IsAsciiDigit))];
        if (list.Length == 0 || list.Length < file.Entries.Count) throw Unknown(file);
        TensorEntry entry = file.Find($"{adapter}") ?? (adapter == 0 ? file.Find("") : null) ?? throw Missing(path, adapter, list.Length);
        if (entry.Shape is not [1 or 2, var images, _, ..] || entry.Shape.Count is not (3 or 4)) throw Unknown(file);
        long[] shape = [images, .. entry.Shape.Skip(2)];
        float[] values = Values(file, entry);
        if (entry.Shape[0] == 1) return Checked(file, new ImageEmbeds(shape, values, negative: null));
        int half = values.Length / 2;
        return Checked(file, new ImageEmbeds(shape, values[half..], values[..half]));
    }

    public static void Write(string path, ImageEmbeds embeds)
    {
        var tensors = new List<WrittenTensor> { Written(Positive, embeds.Values) };
        if (embeds.Negative is { } negative) tensors.Add(Written(Negative, negative));
        SafetensorsWriter.Write(path, tensors, metadata: null, floatingPoint: null);

        WrittenTensor Written(string name, float[] values) =>
            new(name, embeds.Shape, ScalarType.Float32, () => tensor(values, [.. embeds.Shape]));
    }

    private static float[] Values(ITensorSource file, TensorEntry entry)
    {
        using Tensor stored = file.Read(entry.Name), wide = stored.to(ScalarType.Float32);
        return [.. wide.data<float>()];
    }

    private static ImageEmbeds Checked(ITensorSource file, ImageEmbeds embeds)
    {
        if (embeds.Shape.Any(size => size is < 1 or > int.MaxValue)) throw Unknown(file);
        return embeds.Values.Concat(embeds.Negative ?? []).All(float.IsFinite)
            ? embeds
            : throw new CheckpointException(file.Path, "its embeddings have values that are not finite numbers.");
    }

    private static CheckpointException Unknown(ITensorSource file) => new(
        file.Path,
        $"it does not hold embeddings of images: expected '{Positive}' of [images, width] or [images, states, width], or a list of tensors "
        + $"[1 or 2, images, …]. It has {MessageText.List([.. file.Entries.Select(Describe)])}.");

    private static string Describe(TensorEntry entry) => $"'{entry.Name}' [{string.Join(", ", entry.Shape)}]";

    private static ArgumentOutOfRangeException Missing(string path, int adapter, int count) => new(
        nameof(adapter), adapter, $"'{path}' has embeddings for {count} adapters, counted from 0.");
}
