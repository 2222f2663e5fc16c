namespace LatentDiffusion.Evaluation;

/// <summary>Generates the images of an evaluation. Each image depends on the options' seed and its index.</summary>
internal sealed class Sampling(
    DiffusionPipeline pipeline, ModelEvaluationOptions options, IProcessGroup? processes, IProgress<EvaluationProgress>? progress,
    CancellationToken cancellationToken)
{
    /// <summary>A row for each prompt; null if nothing can be shown.</summary>
    public PromptSamples? Sheet(IReadOnlyList<string> prompts)
    {
        if (prompts.Count == 0 || options.SheetColumns == 0) return null;
        byte[][] rows = processes.Share(prompts.Count, i =>
        {
            ImageBuffer[] images = [.. Generate(prompts[i], options.Seed, options.SheetColumns).Images.Select(image => image.Image)];
            progress?.Report(new EvaluationProgress("sample sheet", (i + 1.0) / prompts.Count));
            return Write(images);
        });
        return new PromptSamples(prompts, options.Seed, options.SheetColumns) { Rows = [.. rows.Select(Read)] };
    }

    /// <summary>One image per caption, with seeds increasing from the options' seed.</summary>
    public SeededImage[] FromCaptions(IReadOnlyList<string> captions)
    {
        byte[][] images = processes.Share(captions.Count, i =>
        {
            ImageBuffer image = Generate(captions[i], SeedOf(i), 1).Images[0].Image;
            progress?.Report(new EvaluationProgress("generated images", (i + 1.0) / captions.Count));
            return Write([image]);
        });
        return [.. images.Select((image, i) => new SeededImage(Read(image)[0], SeedOf(i)))];
    }

    private ulong SeedOf(int index) => unchecked(options.Seed + (ulong)index);

    private static byte[] Write(ImageBuffer[] images)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(images.Length);
        foreach (ImageBuffer image in images)
        {
            writer.Write(image.Width);
            writer.Write(image.Height);
            writer.Write(image.Rgb);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    private static ImageBuffer[] Read(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes));
        var images = new ImageBuffer[reader.ReadInt32()];
        for (int i = 0; i < images.Length; i++)
        {
            (int width, int height) = (reader.ReadInt32(), reader.ReadInt32());
            images[i] = new ImageBuffer(width, height, reader.ReadBytes(width * height * 3));
        }

        return images;
    }

    private GenerationResult Generate(string prompt, ulong seed, int count) => pipeline.Generate(
        new GenerationRequest
        {
            Prompt = prompt, Seed = seed, ImageCount = count, Steps = options.Steps, GuidanceScale = options.GuidanceScale,
        },
        null, cancellationToken);

    /// <summary>A generated image with its seed.</summary>
    public sealed record SeededImage(ImageBuffer Image, ulong Seed);
}
