using LatentDiffusion.Judge;
using LatentDiffusion.Models.Drawings;
using Xunit;

namespace LatentDiffusion.Tests.Drawings;

public sealed class DefaultSettingsTests
{
    [Fact]
    public void An_image_of_the_shipped_model_costs_twenty_evaluations()
    {
        DiffusionModel model = DrawingsModelExtensions.Open(SampledModel.Shipped, device: null);
        var counting = new CountingDenoiser(model.Denoiser);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ => model).UseDenoiser(counting).Build();
        GenerationResult result = pipeline.Generate(new GenerationRequest { Prompt = DrawingCatalog.Prompts[0], Seed = 1 });
        Assert.Equal((14, 20L), (result.Request.Steps!.Value, counting.Evaluations));
    }
}
