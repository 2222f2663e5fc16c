using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace LatentDiffusion.Hub.Tests;

public sealed class PackageTests
{
    [Fact]
    public void The_packages_use_only_each_others_public_API()
    {
        Assembly[] packages = [typeof(ModelHub).Assembly, typeof(DiffusionPipeline).Assembly, typeof(IDenoiser).Assembly];
        Assert.All(packages, package => Assert.DoesNotContain(
            package.GetCustomAttributes<InternalsVisibleToAttribute>(),
            friend => packages.Any(other => other.GetName().Name == friend.AssemblyName)));
    }
}
