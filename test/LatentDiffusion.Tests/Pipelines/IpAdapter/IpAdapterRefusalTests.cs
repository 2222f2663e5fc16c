using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Adapters, encoders, image prompts and weights that do not fit are refused by name.</summary>
public sealed class IpAdapterRefusalTests(IpAdapterFolders folders) : IClassFixture<IpAdapterFolders>, IDisposable
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Steps = 2, Width = TaskImages.Width, Height = TaskImages.Height,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Another_kind_of_model_is_named_with_the_adapter()
    {
        string file = folders["sd1", "plain"];
        string message = Assert.Throws<InvalidOperationException>(() => folders.Model("xl").UseIpAdapter(file).Build()).Message;
        Assert.Contains($"'{file}' makes tokens of width 64", message, StringComparison.Ordinal);
        Assert.Contains("Stable Diffusion expects the text width 128", message, StringComparison.Ordinal);
        string folder = Path.GetDirectoryName(file)!;
        message = Assert.Throws<CheckpointException>(() => folders.Model("sd1").UseIpAdapter(folder).Build()).Message;
        Assert.Contains($"{folder}: it is a folder", message, StringComparison.Ordinal);
        using var transformers = new TransformerFolders();
        message = Assert.Throws<NotSupportedException>(
            () => new DiffusionPipelineBuilder().UseModelFolder(transformers["flux"]).UseDevice(CPU).UseIpAdapter(file).Build()).Message;
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains("FLUX.1 has none", message, StringComparison.Ordinal);
    }

    [Theory, InlineData("plain"), InlineData("plus"), InlineData("full")]
    public void Missing_and_unexpected_tensors_are_named(string kind)
    {
        Refuse(s => s.Remove("ip_adapter.3.to_v_ip.weight"), missing: ["ip_adapter.3.to_v_ip.weight"]);
        Refuse(s => s["ip_adapter.99.to_k_ip.weight"] = [1, 1], unexpected: ["ip_adapter.99.to_k_ip.weight"]);
        Refuse(s => s["image_proj.other"] = [2], unexpected: ["image_proj.other"]);
        CheckpointException e = Refuse(s => s["ip_adapter.1.to_k_ip.weight"] = [3, 64]);
        Assert.StartsWith("ip_adapter.1.to_k_ip.weight: [3, 64] in the file", Assert.Single(e.Misshaped), StringComparison.Ordinal);
        string first = "image_proj." + kind switch { "plain" => "proj.weight", "plus" => "proj_in.weight", _ => "proj.0.weight" };
        Refuse(s => s.Remove(first), missing: [first]);
        e = Refuse(s => s[first] = [7]);
        Assert.Contains($"'{first}' is [7]", e.Message, StringComparison.Ordinal);
        e = Refuse(s =>
        {
            foreach (string name in s.Keys.Where(n => n.StartsWith("image_proj", StringComparison.Ordinal)).ToArray()) s.Remove(name);
            s["image_proj.norm_of_another.weight"] = [1];
        });
        Assert.Contains("not an IP-Adapter of a known kind", e.Message, StringComparison.Ordinal);

        CheckpointException Refuse(Action<Dictionary<string, long[]>> change, string[]? missing = null, string[]? unexpected = null)
        {
            string file = _folder["changed.safetensors"];
            TinyIpAdapters.Write(file, kind, folders.Denoiser("sd1"), change);
            var thrown = Assert.Throws<CheckpointException>(() => folders.Model("sd1").UseIpAdapter(file).Build());
            if (missing is not null) Assert.Equal(missing, thrown.Missing);
            if (unexpected is not null) Assert.Equal(unexpected, thrown.Unexpected);
            return thrown;
        }
    }

    [Fact]
    public void Sizes_that_a_file_only_claims_take_no_memory()
    {
        const long Huge = 1L << 30;
        string file = _folder["huge.safetensors"];
        foreach ((string Name, long[] Shape)[] tensors in new (string, long[])[][]
        {
            [("image_proj.proj.weight", [Huge * 64, 0]), ("image_proj.norm.weight", [64])],
            [("image_proj.proj.weight", [64, 1]), ("image_proj.norm.weight", [64])],
            [("image_proj.latents", [1, Huge, 8]), ("image_proj.proj_in.weight", [8, 8]), ("image_proj.proj_out.weight", [64, 8]),
                ("image_proj.layers.0.0.to_q.weight", [64, 8]), ("image_proj.layers.0.1.1.weight", [Huge, 8])],
        })
        {
            RawSafetensors.Write(file, [.. tensors.Select(t => (t.Name, t.Shape, "F32", Bytes(t.Shape)))]);
            Assert.Throws<CheckpointException>(() => folders.Model("sd1").UseIpAdapter(file).Build());
        }

        static byte[] Bytes(long[] shape) => shape.Any(size => size >= Huge) ? [] : new byte[4 * shape.Aggregate((a, b) => a * b)];
    }

    [Fact]
    public void The_image_encoder_has_the_width_that_the_adapter_reads()
    {
        string file = folders["sd1", "plain"];
        TinyIpAdapters.WriteEncoder(_folder["wide"], embedding: 24);
        string message = Assert.Throws<InvalidOperationException>(
            () => folders.Model("sd1").UseIpAdapter(file, _folder["wide"]).Build()).Message;
        Assert.Contains($"'{file}' reads embeddings of width {TinyIpAdapters.Embedding}", message, StringComparison.Ordinal);
        Assert.Contains($"'{_folder["wide"]}' gives 24", message, StringComparison.Ordinal);

        // Next to the file is one of another width, and in ../models that which fits, as published for SDXL.
        File.Copy(file, Path.Combine(Directory.CreateDirectory(_folder["xl/sdxl_models"]).FullName, "a.safetensors"));
        TinyIpAdapters.WriteEncoder(_folder["xl/sdxl_models/image_encoder"], embedding: 24);
        TinyIpAdapters.WriteEncoder(_folder["xl/models/image_encoder"]);
        using DiffusionPipeline found = folders.Model("sd1").UseIpAdapter(_folder["xl/sdxl_models/a.safetensors"]).Build();
        Assert.Equal(1, found.EncodeImagePrompt([TaskImages.Image]).Count);
    }

    [Fact]
    public void Without_an_encoder_embeddings_are_read()
    {
        string file = _folder["a.safetensors"];
        File.Copy(folders["sd1", "plus"], file);
        using DiffusionPipeline encoding = folders.Build("sd1", "plus"), reading = folders.Model("sd1").UseIpAdapter(file).Build();
        ImageEmbeds embeds = encoding.EncodeImagePrompt([TaskImages.Image]);
        GenerationRequest request = s_request with { Seed = 1, ImagePrompts = [new() { Embeds = embeds }] };
        Assert.Equal(
            encoding.Generate(request).Images[0].Image.Rgb.ToArray(), reading.Generate(request).Images[0].Image.Rgb.ToArray());
        Assert.Throws<InvalidOperationException>(() => reading.EncodeImagePrompt([TaskImages.Image]));
        Assert.Throws<ArgumentOutOfRangeException>("adapter", () => reading.EncodeImagePrompt([TaskImages.Image], adapter: 1));
        Refused(reading, [new() { Images = [TaskImages.Image] }], "ImagePrompts[0].Images is given; expected Embeds, because");
        var incomplete = new ImageEmbeds([.. embeds.Shape], embeds.Values, negative: null);
        Refused(reading, [new() { Embeds = incomplete }], "ImagePrompts[0].Embeds is without negative embeddings");
    }

    [Fact]
    public void Image_prompts_that_do_not_fit_are_named()
    {
        using DiffusionPipeline plain = folders.Build("sd1"), adapted = folders.Build("sd1", "plain");
        ImageBuffer[] image = [TaskImages.Image];
        Refused(plain, [new() { Images = image }], "ImagePrompts is a list of 1; expected null, because the pipeline has no IP-Adapter");
        Refused(adapted, [], "ImagePrompts is a list of 0; expected a list of 1, one for each IP-Adapter");
        Refused(adapted, [null!], "ImagePrompts[0] is null");
        Refused(adapted, [new()], "ImagePrompts[0] is without images and embeddings; expected one of the two");
        Refused(adapted, [new() { Images = [] }], "ImagePrompts[0].Images is a list of 0; expected from 1 to 256 images");
        Refused(adapted, [new() { Images = [null!] }], "ImagePrompts[0].Images is with a null among them");
        Refused(adapted, [new() { Images = image, Masks = [] }], "ImagePrompts[0].Masks is a list of 0; expected 1, one for each image");
        var states = new ImageEmbeds([1, 2, 20], new float[40], negative: null);
        Refused(adapted, [new() { Embeds = states }], "ImagePrompts[0].Embeds is of shape [1, 2, 20]; expected [images, 20]");
        Weights([new(), new()], "IpAdapterWeights is a list of 2; expected a list of 1");
        Weights([null!], "IpAdapterWeights[0] is null");
        Weights([new() { Scale = double.NaN }], "IpAdapterWeights[0].Scale is NaN");
        Weights([new() { Start = 1 }], "IpAdapterWeights[0].Start is 1");
        Weights([new() { Start = 0.5, End = 0.5 }], "IpAdapterWeights[0].End is 0.5; expected above the start, 0.5");
        Weights([Layer("up_block", 1)], "IpAdapterWeights[0].LayerScales[\"up_block\"] is given; expected a path with cross-attention");
        Weights([Layer("mid_block", double.NaN)], "IpAdapterWeights[0].LayerScales[\"mid_block\"] is NaN");
        Starts(
            "IpAdapterWeights is", Assert.Throws<ArgumentException>(() => adapted.Generate(s_request with { IpAdapterWeights = [new()] })));
        Assert.Throws<ArgumentOutOfRangeException>("scale", () => folders.Model("sd1").UseIpAdapter("a", scale: double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("start", () => folders.Model("sd1").UseIpAdapter("a", start: 1));
        Assert.Throws<ArgumentOutOfRangeException>("end", () => folders.Model("sd1").UseIpAdapter("a", start: 0.5, end: 0.5));

        void Weights(IpAdapterWeight[] weights, string message) => Starts(message, Assert.Throws<ArgumentException>(() => adapted.Generate(
            s_request with { ImagePrompts = [new() { Images = image }], IpAdapterWeights = weights })));

        static IpAdapterWeight Layer(string path, double scale) =>
            new() { LayerScales = new Dictionary<string, double> { [path] = scale } };
    }

    [Theory]
    [InlineData("x", "not JSON")]
    [InlineData("[1]", "the scale is [1]; expected a number")]
    [InlineData("{\"middle\": 1}", "'middle' is not a part of a U-Net")]
    [InlineData("{\"up\": {\"0\": 1}}", "'0' of 'up' is not a block")]
    [InlineData("{\"up\": {\"block_0\": {}}}", "'block_0' of 'up' is {}")]
    [InlineData("{\"up\": {\"block_0\": [\"1\"]}}", "'block_0' of 'up' is \"1\"")]
    public void Scales_that_cannot_be_read_are_named(string json, string message) => Assert.Contains(
        message, Assert.Throws<FormatException>(() => IpAdapterWeight.ParseScale(json)).Message, StringComparison.Ordinal);

    private static void Refused(DiffusionPipeline pipeline, ImagePrompt[] prompts, string message) =>
        Starts(message, Assert.Throws<ArgumentException>(() => pipeline.Generate(s_request with { ImagePrompts = prompts })));

    private static void Starts(string message, ArgumentException e) => Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
}
