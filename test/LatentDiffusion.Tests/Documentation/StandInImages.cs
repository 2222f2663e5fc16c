using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>Images, masks and data sets: drawings, as the shipped model makes them.</summary>
internal static class StandInImages
{
    private const int Side = 128, Count = 20;

    private static readonly SkiaImageCodec s_codec = new();

    private static readonly DrawingImages s_drawings = new(new DrawingSource(1, size: Side));

    private static readonly string[] s_images =
        ["bird.png", "cat.png", "sofa.png", "edges.png", "depth.png", "flag.png", "sketch.png"];

    private static readonly string[] s_photos = ["bird.jpg", "sofa.jpg"];

    private static readonly string[] s_folders = ["photos", "pokemon-captioned", "held-out"];

    public static Dictionary<string, Action<StandIn>> Table { get; } = new(
    [
        .. s_images.Select(name => KeyValuePair.Create<string, Action<StandIn>>(name, WriteImage)),
        .. s_photos.Select(name => KeyValuePair.Create<string, Action<StandIn>>(name, WritePhoto)),
        .. s_folders.Select(name => KeyValuePair.Create<string, Action<StandIn>>(name, WriteFolder)),
        new("bird-of-sketch.png", image => image.Copy(image.Name, path => Generate(path, s_drawings.Read(0).Image))),
        new("mask.png", WriteMask),
    ]);

    private static void WriteImage(StandIn image) => image.Copy("image.png", path => Generate(path));

    /// <summary>With the metadata of a generated image.</summary>
    private static void Generate(string path, ImageBuffer? initial = null)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
        GenerationRequest request = new() { Prompt = "a blue bird", Seed = 42, Steps = 4, InitialImage = initial };
        pipeline.Generate(request).Images[0].SavePng(path);
    }

    private static void WritePhoto(StandIn photo) =>
        File.WriteAllBytes(photo.Path, s_codec.Encode(s_drawings.Read(0).Image, "image/jpeg"));

    private static void WriteMask(StandIn mask)
    {
        var rgb = new byte[3 * Side * Side];
        rgb.AsSpan(rgb.Length / 2).Fill(255);
        File.WriteAllBytes(mask.Path, s_codec.EncodePng(new ImageBuffer(Side, Side, rgb)));
    }

    private static void WriteFolder(StandIn folder) => folder.Copy("captioned images", path =>
    {
        Directory.CreateDirectory(path);
        for (int i = 0; i < Count; i++)
        {
            CaptionedImage drawing = s_drawings.Read(i);
            File.WriteAllBytes(Path.Combine(path, $"{i}.png"), s_codec.EncodePng(drawing.Image));
            File.WriteAllText(Path.Combine(path, $"{i}.txt"), drawing.Caption);
        }
    });
}
