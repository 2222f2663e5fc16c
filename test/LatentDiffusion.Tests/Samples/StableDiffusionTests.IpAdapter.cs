using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <content>Image prompts.</content>
public sealed partial class StableDiffusionTests
{
    [Fact]
    public void Images_are_prompts()
    {
        using var adapters = new IpAdapterFolders();
        string file = adapters["sd1", "plus"];
        (int exitCode, _, string error) = Run([
            .. s_plain, "--model", _families["sd1"], "--width", "24", "--height", "16", "--scheduler", "ddim",
            "--ip-adapter", file, "--ip-adapter-image", _folder["image.png"], _folder["mask.png"],
            "--ip-adapter-mask", _folder["mask.png"], _folder["mask.png"], "--ip-adapter-scale", "{\"up\": 0.7}",
            "--out", _folder["out.png"]]);
        Assert.True(exitCode == 0, error);
        GenerationRequest request = s_request with
        {
            Width = 24, Height = 16, IpAdapterWeights = [IpAdapterWeight.ParseScale("{\"up\": 0.7}")],
            ImagePrompts = [new() { Images = [TaskImages.Image, TaskImages.Mask], Masks = [TaskImages.Mask, TaskImages.Mask] }],
        };
        Same(Draw(Folder("sd1").UseScheduler("ddim").UseIpAdapter(file), request).Images[0], "out.png");

        string encoder = Path.Combine(Path.GetDirectoryName(file)!, "image_encoder");
        (exitCode, _, error) = Run([
            .. s_plain, "--model", _families["sd1"], "--width", "24", "--height", "16", "--scheduler", "ddim",
            "--ip-adapter", file, "--ip-adapter", adapters["sd1", "plain"], "--ip-adapter-encoder", encoder,
            "--ip-adapter-image", _folder["image.png"], "--ip-adapter-image", _folder["mask.png"],
            "--ip-adapter-scale", "0.5", "--out", _folder["out.png"]]);
        Assert.True(exitCode == 0, error);
        request = s_request with
        {
            Width = 24, Height = 16, IpAdapterWeights = [new() { Scale = 0.5 }, new() { Scale = 0.5 }],
            ImagePrompts = [new() { Images = [TaskImages.Image] }, new() { Images = [TaskImages.Mask] }],
        };
        DiffusionPipelineBuilder both = Folder("sd1").UseScheduler("ddim").UseIpAdapter(file).UseIpAdapter(adapters["sd1", "plain"]);
        Same(Draw(both, request).Images[0], "out.png");
    }

    [Theory]
    [InlineData("--ip-adapter-scale needs --ip-adapter", "--ip-adapter-scale", "1")]
    [InlineData("--ip-adapter needs --ip-adapter-image", "--ip-adapter", "image.png")]
    [InlineData(
        "--ip-adapter-mask is given 1 times; expected 2 as for --ip-adapter-image",
        "--ip-adapter", "image.png", "--ip-adapter-image", "image.png", "mask.png", "--ip-adapter-mask", "mask.png")]
    [InlineData(
        "--ip-adapter-scale: 'middle' is not a part of a U-Net",
        "--ip-adapter", "image.png", "--ip-adapter-image", "image.png", "--ip-adapter-scale", "{\"middle\": 1}")]
    public void Wrong_options_of_IP_Adapters_get_one_line(string message, params string[] arguments)
    {
        string[] files = [.. arguments.Select(a => a.EndsWith(".png", StringComparison.Ordinal) ? _folder[a] : a)];
        Refused(message, ["ab a", "--model", _families["sd1"], .. files, "--out", _folder["out.png"]]);
    }
}
