namespace LatentDiffusion.Networks;

/// <summary>
/// Reads the files that IP-Adapters are published in: <c>image_proj</c> and <c>ip_adapter</c>, as safetensors or as a pickle of two
/// dictionaries. The kind of projection and all sizes follow from the tensors.
/// </summary>
internal static class IpAdapterReader
{
    private const string Image = "image_proj.", Layers = "ip_adapter.", Plain = Image + "proj.weight", Norm = Image + "norm.weight",
        Latents = Image + "latents", MlpFirst = Image + "proj.0.weight", MlpSecond = Image + "proj.2.weight",
        MlpNorm = Image + "proj.3.weight", ProjectIn = Image + "proj_in.weight", ProjectOut = Image + "proj_out.weight",
        Query = Image + "layers.{0}.0.to_q.weight", FeedForward = Image + "layers.0.1.1.weight";

    /// <summary>Reads an adapter.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="widths">Width of each cross-attention layer of the denoiser, in the published order.</param>
    /// <param name="checkWidth">Checks the width of the tokens, before anything is loaded.</param>
    /// <param name="options">How it is loaded.</param>
    /// <exception cref="CheckpointException">
    /// The file is damaged, is not an IP-Adapter of a known kind, or lacks tensors or has others; the exception lists all of them.
    /// </exception>
    public static IpAdapterNetwork Read(string path, IReadOnlyList<int> widths, Action<long> checkWidth, CheckpointOptions options)
    {
        if (Directory.Exists(path))
            throw new CheckpointException(path, "it is a folder; expected the file of an IP-Adapter, such as ip-adapter_sd15.safetensors.");
        using ITensorSource file = Checkpoint.Open(path);
        var layers = LayerFactory.For(file, options);
        Func<ImageProjection> create = Projection(file, layers, out long width);
        checkWidth(width);
        ImageProjection projection = create();
        IpAdapterNetwork network;
        try
        {
            network = new IpAdapterNetwork(projection, new IpAdapterLayers(layers, width, widths));
        }
        catch
        {
            projection.Dispose();
            throw;
        }

        try
        {
            StateDict.Load(network, file);
            network.eval();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>The projection that the tensors are of, not yet built.</summary>
    /// <param name="file">The file.</param>
    /// <param name="layers">Makes its layers.</param>
    /// <param name="width">Width of the tokens that it makes.</param>
    private static Func<ImageProjection> Projection(ITensorSource file, LayerFactory layers, out long width)
    {
        if (Has(file, Latents))
        {
            ImageResamplerOptions options = Resampler(file);
            width = options.Width;
            return () => new ImageResampler(layers, options);
        }

        if (Has(file, MlpNorm))
        {
            Require(file, MlpFirst, MlpSecond);
            (long inner, long input) = Matrix(file, MlpFirst);
            long tokenWidth = width = Matrix(file, MlpSecond).Rows;
            return () => new MlpImageProjection(layers, input, inner, tokenWidth);
        }

        if (Has(file, Plain) || Has(file, Norm))
        {
            Require(file, Plain, Norm);
            (long rows, long input) = Matrix(file, Plain);
            if (file.Find(Norm)!.Shape is not [var tokenWidth and > 0] || rows % tokenWidth != 0) throw Misshaped(file, Norm);
            width = tokenWidth;
            return () => new LinearImageProjection(layers, input, tokenWidth, rows / tokenWidth);
        }

        throw new CheckpointException(
            file.Path,
            $"it is not an IP-Adapter of a known kind: expected '{Plain}' (plain), '{Latents}' (plus) or '{MlpNorm}' (full), next to "
            + $"'{Layers}1.to_k_ip.weight' and so on. It has {MessageText.List([.. file.Entries.Select(e => $"'{e.Name}'")])}.");
    }

    private static ImageResamplerOptions Resampler(ITensorSource file)
    {
        string query = string.Format(null, Query, 0);
        Require(file, ProjectIn, ProjectOut, query, FeedForward);
        if (file.Find(Latents)!.Shape is not [1, var tokens and > 0, var inner and > 0]) throw Misshaped(file, Latents);
        long attention = Matrix(file, query).Rows;
        if (attention % ImageResampler.HeadWidth != 0) throw Misshaped(file, query);
        int depth = Enumerable.Range(0, file.Entries.Count).TakeWhile(i => Has(file, string.Format(null, Query, i))).Count();
        return new ImageResamplerOptions(
            Matrix(file, ProjectIn).Columns, inner, attention, Matrix(file, FeedForward).Rows, Matrix(file, ProjectOut).Rows, tokens,
            depth);
    }

    private static bool Has(ITensorSource file, string name) => file.Find(name) is not null;

    private static void Require(ITensorSource file, params string[] names)
    {
        string[] missing = [.. names.Where(name => !Has(file, name))];
        if (missing.Length > 0) throw new CheckpointException(file.Path, missing, [], []);
    }

    private static (long Rows, long Columns) Matrix(ITensorSource file, string name) =>
        file.Find(name)!.Shape is [var rows and > 0, var columns and > 0] ? (rows, columns) : throw Misshaped(file, name);

    private static CheckpointException Misshaped(ITensorSource file, string name) => new(
        file.Path, $"'{name}' is [{string.Join(", ", file.Find(name)!.Shape)}], which is not the shape that an IP-Adapter has there.");
}
