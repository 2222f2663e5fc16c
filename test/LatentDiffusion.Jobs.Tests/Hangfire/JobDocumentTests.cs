using System.Collections;
using System.Reflection;
using System.Text;
using LatentDiffusion.Jobs.Hangfire;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Hangfire;

/// <summary>Jobs as they are stored.</summary>
public sealed class JobDocumentTests
{
    private static readonly string[] s_embeddings = ["PromptEmbeds", "NegativePromptEmbeds"];

    [Fact]
    public void Every_setting_of_a_request_survives()
    {
        ImageJob job = Job(Complete());
        ImageJob read = JobDocument.Read(JobDocument.Write(job));
        Assert.Equal(job with { Request = read.Request }, read);
        foreach (RequestSetting setting in RequestSettings.All.Where(s => !s_embeddings.Contains(s.Name)))
        {
            PropertyInfo property = typeof(GenerationRequest).GetProperty(setting.Name)!;
            object? before = property.GetValue(job.Request);
            object? plain = property.GetValue(new GenerationRequest { Prompt = "" });
            Assert.False(Equals(before, plain), $"The test leaves {setting.Name} at its default.");
            Assert.Equal(Describe(before), Describe(property.GetValue(read.Request)));
        }
    }

    [Fact]
    public void A_request_that_leaves_everything_open_stays_open()
    {
        GenerationRequest request = new() { Prompt = "" };
        Assert.Equal(request, JobDocument.Read(JobDocument.Write(Job(request))).Request);
    }

    [Theory]
    [InlineData("a \"quoted\" prompt\nwith lines, 日本 and \ud83d\udc26")]
    [InlineData("""{"3": {"class_type": "KSampler", "inputs": {}}}""")]
    [InlineData("given")]
    public void Prompts_are_any_text(string prompt)
    {
        GenerationRequest request = new() { Prompt = prompt, NegativePrompt = prompt + " " };
        Assert.Equal(request, JobDocument.Read(JobDocument.Write(Job(request))).Request);
    }

    [Fact]
    public void Embeddings_are_refused_by_name()
    {
        using var embeds = new Conditioning(TorchSharp.torch.zeros(1, 1, 1));
        foreach ((string name, GenerationRequest request) in new[]
        {
            ("PromptEmbeds", new GenerationRequest { Prompt = "", PromptEmbeds = embeds }),
            ("NegativePromptEmbeds", new GenerationRequest { Prompt = "", NegativePromptEmbeds = embeds }),
        })
        {
            ArgumentException e = Assert.Throws<ArgumentException>(name, () => JobDocument.Write(Job(request)));
            Assert.StartsWith(name, e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1]")]
    public void Other_bytes_are_refused(string text) =>
        Assert.Throws<InvalidDataException>(() => JobDocument.Read(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Damaged_documents_are_refused()
    {
        byte[] json = JobDocument.Write(Job(Complete()));
        var random = new Random(3);
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = [.. json];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                JobDocument.Read(damaged);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    private static ImageJob Job(GenerationRequest request) => new()
    {
        Id = "1", Model = "tiny", Caller = "a", Priority = JobPriority.High, PreviewEvery = 3,
        Format = new("image/jpeg", 80) { Metadata = MetadataFormat.Both },
        Created = new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.FromHours(2)), Request = request,
    };

    private static GenerationRequest Complete() => new()
    {
        Prompt = "a blue bird", NegativePrompt = "rain", ImageCount = 3, Seed = ulong.MaxValue, VariationSeed = 1UL << 63,
        VariationStrength = 0.1, SchedulerName = "dpm++-karras", Timesteps = [900, 500.5, 1], Sigmas = [14.6, 1e-3], Steps = 3,
        GuidanceScale = 1.0 / 3, ClipSkip = 2,
        ImageGuidanceScale = 1.5, Eta = 0.25, Churn = new(1, 0.1, double.PositiveInfinity, 1.01), Mu = -0.5,
        Width = 64, Height = 128, InitialImage = Image(8, 4), Mask = Image(8, 5), Strength = 0.6,
        Inpainting = new() { InvertMask = true, MaskGrowth = 2, MaskPadding = 8, MaskedContent = MaskedContent.Fill },
        Upscale = new() { Width = 128, Height = 256, Strength = 0.5, Steps = 9 }, FinalUpscale = new() { Scale = 2 },
        ReferenceImages = [Image(3, 1), Image(2, 2)], ControlImages = [Image(4, 3)],
        ControlWeights = [new() { Scale = 0.5, Start = 0.1, End = 0.9, Mode = 2 }, new()], AdapterImages = [Image(5, 4)],
        AdapterWeights = [new() { Scale = 0.4, ConditioningFactor = 0.3 }],
        ImagePrompts = [new() { Images = [Image(2, 5), Image(1, 6)], Masks = [Image(2, 7), Image(1, 8)] }],
        IpAdapterWeights = [new() { Scale = 0.7, LayerScales = new Dictionary<string, double> { ["down.block_2"] = 0.5 } }],
        SizeConditioningInput = SizeInput(1), NegativeSizeConditioningInput = SizeInput(2), TimeLimit = TimeSpan.FromSeconds(90.5),
    };

    private static SizeConditioningInput SizeInput(int crop) => new()
    {
        OriginalWidth = 512, OriginalHeight = 384, CropLeft = crop, CropTop = 7, TargetWidth = 256, TargetHeight = 128,
        AestheticScore = 6.5,
    };

    private static ImageBuffer Image(int size, int seed)
    {
        var rgb = new byte[size * (size + 1) * 3];
        new Random(seed).NextBytes(rgb);
        return new ImageBuffer(size, size + 1, rgb);
    }

    /// <summary>A value in words, with the contents of lists and images.</summary>
    private static string Describe(object? value) => value switch
    {
        ImageBuffer image => $"{image.Width} x {image.Height}: {Convert.ToHexString(image.Rgb)}",
        ImagePrompt prompt => $"images {Describe(prompt.Images)} masks {Describe(prompt.Masks)}",
        string text => text,
        IEnumerable list => $"[{string.Join("; ", list.Cast<object?>().Select(Describe))}]",
        _ => FormattableString.Invariant($"{value}"),
    };
}
