using LatentDiffusion.Judge;
using LatentDiffusion.Models.Drawings;
using Xunit;

namespace LatentDiffusion.Tests.Drawings;

/// <summary>
/// The sheets of the six prompts in the documentation show the images of the shipped weights: one row per prompt, one column
/// per seed from 0.
/// </summary>
public sealed class PromptSheetTests
{
    private const int Row = 4;

    /// <summary>
    /// Instruction sets and kernels round differently. After all steps a few values differ by one level, not the image.
    /// </summary>
    private const double AverageLevels = 0.5, StrayFraction = 0.002;

    private const int StrayLevels = 4;

    [Theory]
    [InlineData("prompts.png", false)]
    [InlineData("prompts-few-steps.png", true)]
    public void One_of_its_images_is_generated_again_within_rounding(string name, bool fewSteps)
    {
        string path = Path.Combine(BuildSettings.Get("RepositoryRoot"), "docs", "images", name);
        ImageBuffer sheet = new SkiaImageCodec().Decode(File.ReadAllBytes(path));
        var builder = new DiffusionPipelineBuilder();
        using DiffusionPipeline pipeline = (fewSteps ? builder.UseFewStepDrawingsModel() : builder.UseDrawingsModel()).Build();
        ImageBuffer drawn = pipeline.Generate(new GenerationRequest { Prompt = DrawingCatalog.Prompts[Row], Seed = 0 }).Images[0].Image;

        Assert.True(
            sheet.Height == DrawingCatalog.Prompts.Count * drawn.Height && sheet.Width % drawn.Width == 0 && sheet.Width >= 2 * drawn.Width,
            $"'{path}' is {sheet.Width} x {sheet.Height}; expected {DrawingCatalog.Prompts.Count} rows of images of "
            + $"{drawn.Width} x {drawn.Height}, as `tools/LatentDiffusion.Judge -- sheet` draws them.");
        int[] same = Differences(drawn, Tile(sheet, drawn, 0)), other = Differences(drawn, Tile(sheet, drawn, 1));
        Assert.True(
            same.Average() <= AverageLevels && same.Count(d => d > StrayLevels) <= StrayFraction * same.Length,
            $"Seed 0 of '{DrawingCatalog.Prompts[Row]}' differs from '{path}' by {same.Average():F3} levels on average and "
            + $"{same.Max()} at most: draw the sheet again when weights are replaced.");
        // The image of the next seed is different, so the comparison is not one of white sheets.
        Assert.True(other.Average() > 10 * AverageLevels, $"The images of seeds 0 and 1 differ by only {other.Average():F3} levels.");
    }

    [Theory]
    [InlineData(false, 20)]
    [InlineData(true, 4)]
    public void An_image_takes_the_documented_number_of_evaluations(bool fewSteps, int evaluations)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "models", "drawings");
        DiffusionModel model = fewSteps
            ? DrawingsModelExtensions.OpenFewSteps(folder, DrawingsModelExtensions.ShippedAdapters, device: null)
            : DrawingsModelExtensions.Open(folder, device: null);
        var counter = new CountingDenoiser(model.Denoiser);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ => model).UseDenoiser(counter).Build();
        pipeline.Generate(new GenerationRequest { Prompt = "a blue bird", Seed = 1 });
        Assert.Equal(evaluations, counter.Evaluations);
    }

    private static ImageBuffer Tile(ImageBuffer sheet, ImageBuffer like, int column)
    {
        byte[] rgb = new byte[like.Rgb.Length];
        for (int y = 0; y < like.Height; y++)
        {
            int start = ((Row * like.Height + y) * sheet.Width + column * like.Width) * 3;
            sheet.Rgb.Slice(start, like.Width * 3).CopyTo(rgb.AsSpan(y * like.Width * 3));
        }

        return new ImageBuffer(like.Width, like.Height, rgb);
    }

    private static int[] Differences(ImageBuffer one, ImageBuffer other)
    {
        ReadOnlySpan<byte> a = one.Rgb, b = other.Rgb;
        var differences = new int[a.Length];
        for (int i = 0; i < a.Length; i++) differences[i] = Math.Abs(a[i] - b[i]);
        return differences;
    }
}
