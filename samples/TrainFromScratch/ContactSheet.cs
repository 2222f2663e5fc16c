using LatentDiffusion;

namespace TrainFromScratch;

/// <summary>One picture of many: a row for each prompt, a column for each seed.</summary>
internal static class ContactSheet
{
    public static void Draw(string modelFolder, IReadOnlyList<string> prompts, int columns, string path)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(modelFolder).Build();
        ImageBuffer[][] rows = [.. prompts.Select(prompt =>
            pipeline.Generate(new GenerationRequest { Prompt = prompt, Seed = 0, Count = columns }).Images.Select(i => i.Image).ToArray())];
        int width = rows[0][0].Width, height = rows[0][0].Height, stride = width * columns * 3;
        byte[] sheet = new byte[stride * height * rows.Length];
        for (int row = 0; row < rows.Length; row++)
            for (int column = 0; column < columns; column++)
                for (int y = 0; y < height; y++)
                    rows[row][column].Rgb.Slice(y * width * 3, width * 3).CopyTo(sheet.AsSpan((row * height + y) * stride + column * width * 3));
        File.WriteAllBytes(path, new SkiaImageCodec().EncodePng(new ImageBuffer(width * columns, height * rows.Length, sheet)));
    }
}
