using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Requests for image to image and inpainting that do not fit are refused before anything is computed.</summary>
[Collection(LiveTensors.Collection)]
public sealed class ImageTaskRefusalTests(FamilyFolders folders) : IClassFixture<FamilyFolders>
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = 3, Steps = 6, GuidanceScale = PlainFamily.Scale, InitialImage = TaskImages.Image, Strength = 0.7,
    };

    public static TheoryData<string, GenerationRequest, string> Refused => new()
    {
        { "sd1", s_request with { Strength = 0 }, "Strength is 0; expected more than 0 and at most 1" },
        { "sd1", s_request with { Strength = 1.01 }, "Strength is 1.01" },
        { "sd1", s_request with { Strength = double.NaN }, "Strength is NaN" },
        { "sd1", s_request with { Strength = 0.1 }, "Strength is 0.1; expected at least 1/6" },
        { "sd1", s_request with { InitialImage = null }, "Strength is 0.7; expected none without InitialImage" },
        {
            "sd1",
            s_request with { InitialImage = null, Strength = null, Mask = TaskImages.Mask, Width = 24, Height = 16 },
            "Mask is given; expected none without InitialImage"
        },
        { "sd1", s_request with { Mask = TaskImages.Mask.Resize(16, 24) }, "Mask is 16 x 24 pixels; expected 24 x 16" },
        {
            "sd1",
            s_request with { InitialImage = TaskImages.Image.Resize(23, 16) },
            "InitialImage.Width is 23; expected a multiple of 2"
        },
        { "sd1", s_request with { Height = 15 }, "Height is 15; expected a multiple of 2" },
        {
            "sd1-inpaint",
            s_request with { InitialImage = null, Strength = null, Width = 24, Height = 16 },
            "InitialImage is null; expected an image, for the model is an inpainting model"
        },
        { "sd1-inpaint", s_request, "Mask is null; expected a mask, for the model is an inpainting model" },
    };

    [Theory, MemberData(nameof(Refused))]
    public void A_bad_request_is_refused_before_any_work(string family, GenerationRequest request, string message)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders[family], CPU).Build();
        long before = LiveTensors.Settled();
        var e = Assert.Throws<ArgumentException>(() => pipeline.Generate(request, new Report(_ => Assert.Fail("work was done"))));
        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
        Assert.Equal(before, Tensor.TotalCount);
    }

    private sealed class Report(Action<GenerationProgress> action) : IProgress<GenerationProgress>
    {
        void IProgress<GenerationProgress>.Report(GenerationProgress value) => action(value);
    }
}
