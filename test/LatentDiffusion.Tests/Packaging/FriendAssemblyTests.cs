using System.Reflection;
using System.Runtime.CompilerServices;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models.Drawings;
using Xunit;

namespace LatentDiffusion.Tests.Packaging;

public sealed class FriendAssemblyTests
{
    [Fact]
    public void Packages_use_only_each_others_public_API()
    {
        Type[] oneEach =
        [
            typeof(IDenoiser), typeof(DiffusionPipeline), typeof(ImageFolderSource), typeof(ValidationLoss), typeof(ImageSharpCodec),
            typeof(DrawingSource),
        ];
        Assembly[] packages = [.. oneEach.Select(type => type.Assembly)];
        Assert.Equal(6, packages.Distinct().Count());
        Assert.All(packages, package => Assert.DoesNotContain(
            package.GetCustomAttributes<InternalsVisibleToAttribute>(),
            friend => packages.Any(p => p.GetName().Name == friend.AssemblyName)));
    }
}
