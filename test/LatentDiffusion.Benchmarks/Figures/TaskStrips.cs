namespace LatentDiffusion.Benchmarks;

/// <summary>Draws what a request can do beyond text to image, each as a strip of images.</summary>
internal static class TaskStrips
{
    private const int Shown = 7;

    public static void Write(DiffusionPipeline pipeline, string folder, CancellationToken cancellationToken)
    {
        ImageStrip.Write(Path.Combine(folder, "interpolation.png"), Interpolation(pipeline, cancellationToken));
        ImageStrip.Write(Path.Combine(folder, "image-to-image.png"), ImageToImage(pipeline, cancellationToken));
        ImageStrip.Write(Path.Combine(folder, "inpainting.png"), Inpainting(pipeline, cancellationToken));
    }

    /// <summary>One prompt turns into another, from the same noise.</summary>
    private static ImageBuffer[] Interpolation(DiffusionPipeline pipeline, CancellationToken cancellationToken)
    {
        const string From = "a drawing of a red bird with its wings spread", To = "a drawing of a blue dragon with its wings spread";
        using Conditioning from = pipeline.Encode([From]), to = pipeline.Encode([To]);
        var images = new ImageBuffer[Shown];
        for (int i = 0; i < Shown; i++)
        {
            using Conditioning between = Conditioning.Interpolate(from, to, i / (Shown - 1.0));
            GenerationRequest request = new() { Prompt = $"{From}, {To}", PromptEmbeds = between, Seed = 3 };
            images[i] = pipeline.Generate(request, cancellationToken: cancellationToken).Images[0].Image;
        }

        return images;
    }

    /// <summary>An image, and what a growing strength makes of it.</summary>
    private static ImageBuffer[] ImageToImage(DiffusionPipeline pipeline, CancellationToken cancellationToken)
    {
        double[] strengths = [0.4, 0.5, 0.6, 0.7, 0.8, 1];
        ImageBuffer initial = Draw(pipeline, "a drawing of a green dragon sitting on its hind legs", 5, cancellationToken);
        IEnumerable<ImageBuffer> changed = strengths.Select(strength => pipeline.Generate(
            new GenerationRequest
            {
                Prompt = "a drawing of a purple cat sitting on its hind legs", Seed = 5, InitialImage = initial, Strength = strength,
            },
            cancellationToken: cancellationToken).Images[0].Image);
        return [initial, .. changed];
    }

    /// <summary>An image, its mask, and five ways to repaint the upper half.</summary>
    private static ImageBuffer[] Inpainting(DiffusionPipeline pipeline, CancellationToken cancellationToken)
    {
        ImageBuffer initial = Draw(pipeline, "a drawing of a blue cat", 2, cancellationToken);
        ImageBuffer mask = UpperHalf(initial.Width, initial.Height);
        string[] prompts =
        [
            "a drawing of a blue cat with a red hat", "a drawing of a blue cat wearing glasses", "a drawing of a red cat",
            "a drawing of a blue dog", "a drawing of a blue rabbit",
        ];
        IEnumerable<ImageBuffer> repainted = prompts.Select(prompt => pipeline.Generate(
            new GenerationRequest { Prompt = prompt, Seed = 2, InitialImage = initial, Mask = mask, Strength = 1 },
            cancellationToken: cancellationToken).Images[0].Image);
        return [initial, mask, .. repainted];
    }

    private static ImageBuffer UpperHalf(int width, int height)
    {
        byte[] rgb = new byte[width * height * 3];
        rgb.AsSpan(0, rgb.Length / 2).Fill(byte.MaxValue);
        return new ImageBuffer(width, height, rgb);
    }

    private static ImageBuffer Draw(DiffusionPipeline pipeline, string prompt, ulong seed, CancellationToken cancellationToken) =>
        pipeline.Generate(new GenerationRequest { Prompt = prompt, Seed = seed }, cancellationToken: cancellationToken).Images[0].Image;
}
