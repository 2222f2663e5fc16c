using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Tiny models, and in one folder an image encoder and an adapter of each kind for each of them.</summary>
public sealed class IpAdapterFolders : IDisposable
{
    public static readonly string[] Kinds = ["plain", "plus", "full"];

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, DenoiserDescription> _denoisers = [];

    public IpAdapterFolders() => TinyIpAdapters.WriteEncoder(Encoder);

    public string Encoder => Path.Combine(_folder["adapters"], "image_encoder");

    public FamilyFolders Families { get; } = new();

    /// <summary>The file of an adapter, written when it is first asked for.</summary>
    public string this[string family, string kind]
    {
        get
        {
            string file = Path.Combine(_folder["adapters"], $"ip-adapter-{kind}_{family}.safetensors");
            if (!File.Exists(file)) TinyIpAdapters.Write(file, kind, Denoiser(family));
            return file;
        }
    }

    public DiffusionPipelineBuilder Model(string family) => new DiffusionPipelineBuilder().UseModelFolder(Families[family], CPU);

    public DiffusionPipeline Build(string family, params string[] kinds)
    {
        DiffusionPipelineBuilder builder = Model(family);
        foreach (string kind in kinds) builder.UseIpAdapter(this[family, kind]);
        return builder.Build();
    }

    public DenoiserDescription Denoiser(string family)
    {
        if (_denoisers.TryGetValue(family, out DenoiserDescription? known)) return known;
        using DiffusionPipeline pipeline = Model(family).Build();
        return _denoisers[family] = pipeline.Model!.Denoiser.Description;
    }

    public void Dispose()
    {
        Families.Dispose();
        _folder.Dispose();
    }
}
