using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Reports the evaluations of a model's networks before they start.</summary>
internal static class WatchedNetworks
{
    /// <summary>
    /// Reports <c>text</c> and <c>text 2</c>, once for each window that a tower evaluates, of <c>control 0</c>, <c>control 1</c> and of
    /// <c>unet</c>.
    /// </summary>
    public static void Watch(this ModelComponents components, Action<string> tell)
    {
        if (components.TextEncoder is { } first) Tower(first, "text");
        if (components.TextEncoder2 is { } second) Tower(second, "text 2");
        foreach ((int i, ControlNetModel control) in components.ControlNets.Cast<ControlNetModel>().Index()) Told(control, $"control {i}");
        Told(components.UNet, "unet");

        // Towers are evaluated in part where layers are skipped, but each window's ids are looked up once.
        void Tower(ClipTextModel tower, string name) =>
            Told(
                (nn.Module<Tensor, Tensor>)tower
                    .named_modules()
                    .Single(m => m.name.EndsWith("token_embedding", StringComparison.Ordinal))
                    .module,
                name);

        void Told<TIn, TOut>(nn.Module<TIn, TOut> network, string name) => network.register_forward_pre_hook((_, input) =>
        {
            tell(name);
            return input;
        });
    }
}
