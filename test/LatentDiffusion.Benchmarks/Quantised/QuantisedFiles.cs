using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// The files of a model in full size: transformer and text encoder as GGUF, the autoencoder in bfloat16, and a small tokenizer.
/// </summary>
/// <param name="Folder">Where they are.</param>
/// <param name="Model">The model.</param>
internal sealed record QuantisedFiles(string Folder, QuantisedModel Model)
{
    private const string Complete = "complete";

    private string Transformer => Path.Combine(Folder, "transformer.gguf");

    private string TextEncoder => Path.Combine(Folder, "text-encoder.gguf");

    private string Autoencoder => Path.Combine(Folder, "vae", "diffusion_pytorch_model.safetensors");

    private string Tokenizer => Path.Combine(Folder, "tokenizer");

    /// <summary>The files with weights.</summary>
    public IReadOnlyList<string> Weights => [Transformer, TextEncoder, Autoencoder];

    /// <summary>Bytes of all weights.</summary>
    public long Length => Weights.Sum(path => new FileInfo(path).Length);

    /// <summary>Writes the files, one tensor at a time, unless a complete set is there.</summary>
    /// <param name="type">Type of the matrices.</param>
    public void Write(GgufType type)
    {
        string mark = Path.Combine(Folder, Complete);
        if (File.Exists(mark)) return;
        Directory.CreateDirectory(Folder);
        using var weights = new HashedWeights();
        GgufWriter.Write(Transformer, Model.Transformer.Select(t => Create(t.Name, t.Shape)));
        using (Qwen3Model shapes = QuantisedModel.TextEncoder.BuildUninitialized(device: META))
            GgufWriter.Write(TextEncoder, [.. shapes.state_dict().Select(t => Create(t.Key, t.Value.shape))]);
        using (nn.Module autoencoder = Model.Autoencoder())
        {
            weights.Fill(autoencoder);
            DiffusersFolder.WriteNetwork(autoencoder, Path.GetDirectoryName(Autoencoder)!, ScalarType.BFloat16);
        }

        ByteTokenizer.Write(Tokenizer);
        File.WriteAllText(mark, "");

        GgufTensor Create(string name, long[] shape)
        {
            GgufType stored = shape.Length == 1 || shape[0] == 1 ? GgufType.F32
                : shape[^1] % type.BlockElements == 0 ? type : GgufType.F16;
            return new GgufTensor(name, shape, stored, () => weights.Make(name, shape));
        }
    }

    /// <summary>A pipeline that reads them and keeps the weights as stored.</summary>
    public DiffusionPipeline Open() => new DiffusionPipelineBuilder()
        .UseModelFiles(
            new ModelFiles
            {
                Transformer = Transformer, TextEncoders = [TextEncoder], Autoencoder = Autoencoder, Tokenizers = [Tokenizer],
            },
            CPU)
        .UseWeightStorage(WeightStorage.AsStored)
        .Build();
}
